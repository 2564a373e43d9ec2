/** What live delivery is measured against: `ws` alone, sending the same bytes to all its sockets, for nobody's sake. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { answer } from './child.ts';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });

const bare = {
  /** Resolves to the address. */
  async listen(): Promise<string> {
    if (!server.address()) await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
  /** Sends each text to every socket. */
  broadcast(texts: readonly string[]): void {
    for (const text of texts) {
      const bytes = Buffer.from(text);
      for (const socket of server.clients) socket.send(bytes, { binary: false });
    }
  },
};

export type Bare = typeof bare;
answer(bare);
