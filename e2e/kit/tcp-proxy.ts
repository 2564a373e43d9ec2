/**
 * A wire that can be spoiled: a TCP proxy in front of a gateway or a store. Each of its faults counts what it met, so
 * that a test can fail when its fault had no effect.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Wire {
  readonly port: number;
  /** Connections that were carried so far. */
  carried(): number;
  /** Connections that each fault has met so far; `slowed`: pieces of bytes that it delayed. */
  met(): Readonly<Met>;
  /** Resets what there is and refuses what comes, as when the machine behind it is gone. */
  cut(): void;
  /** Carries nothing more, but keeps and takes connections, as when the machine behind it hangs. */
  stall(): void;
  /**
   * Takes bytes and answers nothing, and nobody is told: connections there are, and those that come until it is
   * mended, stay dead for good, as behind a router that has forgotten them.
   */
  halfOpen(): void;
  /** Carries on, at this pace in each direction. */
  slow(pace: Pace): void;
  /** As new; what was stalled goes on. */
  mend(): void;
  /** Connections that come from now on lead there; those there are stay. */
  aim(targetPort: number): void;
  close(): Promise<void>;
}

export interface Met {
  cut: number;
  stalled: number;
  halfOpen: number;
  slowed: number;
}

export interface Pace {
  /** Before each piece. */
  readonly delay_ms?: number;
  readonly bytes_per_second?: number;
}

/** What the target answers on one connection, on its way: hands on what shall arrive, now or later. */
export type Filter = (bytes: Buffer, arrive: (bytes: Buffer) => void) => void;

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  /** Its bytes are thrown away. */
  dead: boolean;
}

type State = 'whole' | 'cut' | 'stalled' | 'half-open';

/** At this many per second a slow wire carries its pieces. */
const PIECES_PER_SECOND = 20;

/** Opens a wire to a port of this machine. `filter` makes a filter for each connection. */
export async function openWire(targetPort: number, filter?: () => Filter): Promise<Wire> {
  const pairs = new Set<Pair>();
  const met: Met = { cut: 0, stalled: 0, halfOpen: 0, slowed: 0 };
  let target = targetPort;
  let state: State = 'whole';
  let pace: Pace | null = null;
  let carried = 0;

  const strike = (pair: Pair) => {
    if (state === 'cut') met.cut += 1;
    if (state === 'stalled') met.stalled += 1;
    if (state === 'half-open') met.halfOpen += 1;
    if (state === 'cut') socketsOf(pair).forEach((socket) => socket.resetAndDestroy());
    if (state === 'stalled') socketsOf(pair).forEach((socket) => socket.pause());
    if (state === 'half-open') pair.dead = true;
  };
  const server = createServer((near) => {
    near.on('error', () => undefined);
    if (state === 'cut') {
      met.cut += 1;
      near.resetAndDestroy();
      return;
    }
    carried += 1;
    const pair = { near, far: connect(target, '127.0.0.1'), dead: false };
    pairs.add(pair);
    carry(pair, { pace: () => pace, held: () => state === 'stalled', met }, filter?.(), () =>
      pairs.delete(pair),
    );
    if (state !== 'whole') strike(pair);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const spoil = (how: State) => () => {
    state = how;
    for (const pair of pairs) if (!pair.dead || how === 'cut') strike(pair);
  };
  const cut = spoil('cut');
  return {
    port: (server.address() as AddressInfo).port,
    carried: () => carried,
    met: () => ({ ...met }),
    cut,
    stall: spoil('stalled'),
    halfOpen: spoil('half-open'),
    slow(to) {
      pace = to;
    },
    mend() {
      state = 'whole';
      pace = null;
      for (const pair of pairs) socketsOf(pair).forEach((socket) => socket.resume());
    },
    aim(port) {
      target = port;
    },
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

function socketsOf({ near, far }: Pair): readonly Socket[] {
  return [near, far];
}

interface Slowness {
  readonly pace: () => Pace | null;
  /** While the wire is stalled. */
  readonly held: () => boolean;
  readonly met: Met;
}

/** By hand, not by pipe(): that would resume what is paused. */
function carry(
  pair: Pair,
  slowness: Slowness,
  filter: Filter | undefined,
  ended: () => void,
): void {
  const { near, far } = pair;
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    const arrive = (bytes: Buffer) => {
      if (!pair.dead && !to.destroyed) to.write(bytes);
    };
    const pass = (bytes: Buffer) => {
      if (from === far && filter) filter(bytes, arrive);
      else arrive(bytes);
    };
    from.on('data', paced(from, slowness, pass));
    from.on('end', () => {
      if (!pair.dead) to.end();
    });
    from.on('error', () => from.destroy());
    from.on('close', () => {
      if (pair.dead && from === far) return; // The client is not told.
      to.destroy();
      ended();
    });
  }
}

/** Passes on at the pace of the wire, piece by piece and in order. */
function paced(from: Socket, { pace, held, met }: Slowness, pass: (bytes: Buffer) => void) {
  const waiting: Buffer[] = [];
  let busy = false;
  const pump = async () => {
    busy = true;
    from.pause();
    for (let bytes = waiting.shift(); bytes; bytes = waiting.shift()) {
      const { bytes_per_second = Infinity } = pace() ?? {};
      const size = Math.min(bytes.length, Math.ceil(bytes_per_second / PIECES_PER_SECOND));
      for (let at = 0; at < bytes.length; at += size) {
        await sleep(wait_ms(pace()));
        met.slowed += 1;
        pass(bytes.subarray(at, at + size));
      }
    }
    busy = false;
    if (!held()) from.resume();
  };
  return (bytes: Buffer) => {
    if (!busy && !pace()) {
      pass(bytes);
      return;
    }
    waiting.push(bytes);
    if (!busy) void pump();
  };
}

function wait_ms(pace: Pace | null): number {
  if (!pace) return 0;
  const piece_ms = pace.bytes_per_second === undefined ? 0 : 1_000 / PIECES_PER_SECOND;
  return (pace.delay_ms ?? 0) + piece_ms;
}
