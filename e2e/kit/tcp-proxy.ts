/** A wire that can be cut: a TCP proxy between the gateway and a store. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Wire {
  readonly port: number;
  /** Connections that were carried so far: a fault test fails when its fault met none. */
  carried(): number;
  /** Resets what there is and refuses what comes, as when the store's machine is gone. */
  cut(): void;
  /** Carries nothing more, but keeps and takes connections, as when the store hangs. */
  stall(): void;
  /** As new; what was stalled goes on. */
  mend(): void;
  close(): Promise<void>;
}

/** Opens a wire to a port of this machine. */
export async function openWire(targetPort: number): Promise<Wire> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let state: 'whole' | 'cut' | 'stalled' = 'whole';
  let carried = 0;
  const server = createServer((near) => {
    if (state === 'cut') {
      near.resetAndDestroy();
      return;
    }
    carried += 1;
    const pair = [near, connect(targetPort, '127.0.0.1')] as const;
    pairs.add(pair);
    carry(pair, () => pairs.delete(pair));
    if (state === 'stalled') pair.forEach((socket) => socket.pause());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const cut = () => {
    state = 'cut';
    for (const pair of pairs) pair.forEach((socket) => socket.resetAndDestroy());
  };
  return {
    port: (server.address() as AddressInfo).port,
    carried: () => carried,
    cut,
    stall() {
      state = 'stalled';
      for (const pair of pairs) pair.forEach((socket) => socket.pause());
    },
    mend() {
      state = 'whole';
      for (const pair of pairs) pair.forEach((socket) => socket.resume());
    },
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

/** By hand, not by pipe(): that would resume what is paused. */
function carry([near, far]: readonly [Socket, Socket], ended: () => void): void {
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    from.on('data', (chunk) => void to.write(chunk));
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => {
      to.destroy();
      ended();
    });
  }
}
