/**
 * The wire between a gateway and its Redis, which loses, doubles, swaps and delays *messages*: it reads the answers of
 * Redis frame by frame (RESP 2 and 3) and passes all that is no message of a subscription as it is. So the gateway
 * under test is the real one, with its real client. What a gateway publishes is not touched, and is answered as usual:
 * nobody counts what is lost here. The faults of connections are those of any wire.
 */
import { openWire, type Filter, type Wire } from './tcp-proxy.ts';

export interface BusFaults {
  /** Of so many messages (0 to 1) … is lost. */
  drop: number;
  /** … comes twice. */
  duplicate: number;
  /** … comes after the one that follows it, or after SWAP_ms if none does. */
  swap: number;
  /** … comes so much later than it was sent; those after it overtake it. */
  delay: number;
  delay_ms: number;
}

export interface BusWire extends Wire {
  readonly url: string;
  /** May be changed while it runs; at first there are none. */
  readonly faults: BusFaults;
  /** Messages that each fault has met so far. */
  readonly messages: Readonly<BusMet>;
}

interface BusMet {
  passed: number;
  dropped: number;
  doubled: number;
  swapped: number;
  delayed: number;
}

/** Longest that a message waits for one to be swapped with. */
const SWAP_ms = 50;

/** Opens one to a Redis of this machine. `random` from 0 to below 1 decides which messages are met. */
export async function openBusWire(redisPort: number, random = Math.random): Promise<BusWire> {
  const faults: BusFaults = { drop: 0, duplicate: 0, swap: 0, delay: 0, delay_ms: 100 };
  const messages = { passed: 0, dropped: 0, doubled: 0, swapped: 0, delayed: 0 };
  const wire = await openWire(redisPort, () => messageFilter(faults, messages, random));
  return { ...wire, url: `redis://127.0.0.1:${wire.port}`, faults, messages };
}

function messageFilter(faults: BusFaults, met: BusMet, random: () => number): Filter {
  let rest: Buffer = Buffer.alloc(0);
  let held: Buffer | null = null;
  return (bytes, arrive) => {
    const release = () => {
      if (held) arrive(held);
      held = null;
    };
    const message = (frame: Buffer) => {
      if (random() < faults.drop) {
        met.dropped += 1;
        return;
      }
      if (random() < faults.delay) {
        met.delayed += 1;
        setTimeout(() => arrive(frame), faults.delay_ms);
        return;
      }
      if (!held && random() < faults.swap) {
        met.swapped += 1;
        held = frame;
        setTimeout(release, SWAP_ms);
        return;
      }
      met.passed += 1;
      arrive(frame);
      if (random() < faults.duplicate) {
        met.doubled += 1;
        arrive(frame);
      }
      release();
    };
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      const end = frameEnd(rest, 0);
      if (end === null) return;
      const frame = rest.subarray(0, end);
      rest = rest.subarray(end);
      if (isMessage(frame)) message(frame);
      else arrive(frame);
    }
  };
}

/** A push or array of three: `smessage` or `message`, the channel, the text. */
function isMessage(frame: Buffer): boolean {
  return /^[*>]3\r\n\$[78]\r\ns?message\r\n/.test(frame.subarray(0, 24).toString('latin1'));
}

/** Where the frame that begins at `at` ends; null while it is not whole. */
function frameEnd(bytes: Buffer, at: number): number | null {
  const line = bytes.indexOf('\r\n', at);
  if (line < 0) return null;
  const kind = String.fromCharCode(bytes[at]!);
  const size = Number(bytes.toString('latin1', at + 1, line));
  let end: number | null = line + 2;
  if ('$=!'.includes(kind)) {
    if (size >= 0) end += size + 2;
    return end <= bytes.length ? end : null;
  }
  if (!'*>~%|'.includes(kind)) return end;
  const values = kind === '%' || kind === '|' ? 2 * size : size;
  for (let nth = 0; nth < values && end !== null; nth++) end = frameEnd(bytes, end);
  if (kind === '|' && end !== null) end = frameEnd(bytes, end); // Attributes stand before a value.
  return end;
}
