/** A proxy as it stands in offices: passes ordinary requests, and not everything else. */
import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

export interface PickyProxy {
  readonly url: string;
  /** What it lets through; may be changed while it runs. */
  readonly passes: {
    /** WebSockets: through, refused with 502, or taken and never answered. */
    upgrades: 'pass' | 'refuse' | 'swallow';
    /** Event streams: through, refused with 502, or kept back until they end. */
    streams: 'pass' | 'refuse' | 'hold';
  };
  /** Of each kind, how many it did not let through. */
  readonly stopped: { upgrades: number; streams: number };
  close(): Promise<void>;
}

/** Opens one before a server of this machine; everything passes. */
export async function openPickyProxy(target: string): Promise<PickyProxy> {
  const { port: targetPort } = new URL(target);
  const passes: PickyProxy['passes'] = { upgrades: 'pass', streams: 'pass' };
  const stopped = { upgrades: 0, streams: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const isStream = request.headers.accept?.includes('text/event-stream') ?? false;
    if (isStream && passes.streams !== 'pass') stopped.streams += 1;
    if (isStream && passes.streams === 'refuse') response.writeHead(502).end();
    else forward(request, response, targetPort, isStream && passes.streams === 'hold');
  });
  server.on('connection', (socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request: IncomingMessage, near: Socket, head: Buffer) => {
    if (passes.upgrades !== 'pass') stopped.upgrades += 1;
    if (passes.upgrades === 'refuse') near.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    if (passes.upgrades !== 'pass') return;
    const far = connect(Number(targetPort), '127.0.0.1');
    far.write(`${request.method} ${request.url} HTTP/1.1\r\n${headersOf(request)}\r\n`);
    far.write(head);
    near.pipe(far).pipe(near);
    far.on('error', () => near.destroy());
    far.on('close', () => near.destroy());
    near.on('close', () => far.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passes,
    stopped,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

function forward(
  request: IncomingMessage,
  response: ServerResponse,
  port: string,
  hold: boolean,
): void {
  const { method, url: path, headers } = request;
  const asked = httpRequest({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
    if (hold) {
      answer.resume(); // As a proxy that waits for the whole of it.
      return;
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  asked.on('error', () => response.destroy());
  response.once('close', () => asked.destroy());
  request.pipe(asked);
}

function headersOf({ rawHeaders }: IncomingMessage): string {
  let text = '';
  for (let at = 0; at < rawHeaders.length; at += 2) {
    text += `${rawHeaders[at]}: ${rawHeaders[at + 1]}\r\n`;
  }
  return text;
}
