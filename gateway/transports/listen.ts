/** The socket: bounded, and closed without losing a request that it took. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '../config.ts';

export interface Listening {
  readonly url: string;
  /**
   * Takes no more connections, answers what came on those there are, and ends. After `bound_ms` what is left is cut:
   * true when nothing had to be.
   */
  drain(bound_ms: number): Promise<boolean>;
}

type Detach = (late: AbortSignal) => Promise<void>;

const IDLE_CHECK_ms = 50;
/** Of all headers of a request: a cursor in Last-Event-ID grows with the transactions that are open, to 44 KB. */
export const HEADERS_BYTES_MAX = 65_536;

/**
 * Listens. Rejects with EADDRINUSE and the like, in words. `attach` is given the server before it listens, for what
 * lives longer than a request; what it answers ends that when the server drains, and cuts what is left when its signal
 * aborts.
 */
export async function listen(
  config: Pick<Config, 'host' | 'port' | 'http_connections_max' | 'http_receive_timeout_ms'>,
  listener: RequestListener,
  attach: (server: Server) => Detach = () => () => Promise.resolve(),
): Promise<Listening> {
  let draining = false;
  let drained: Promise<boolean> | undefined;
  const server = createServer(
    {
      maxHeaderSize: HEADERS_BYTES_MAX,
      requestTimeout: config.http_receive_timeout_ms,
      headersTimeout: config.http_receive_timeout_ms,
      connectionsCheckingInterval: Math.min(1_000, config.http_receive_timeout_ms),
    },
    (request, response) => {
      if (draining) response.setHeader('connection', 'close');
      listener(request, response);
    },
  );
  server.maxConnections = config.http_connections_max;
  const detach = attach(server);
  await bind(server, config.port, bare(config.host));
  const { address, port, family } = server.address() as AddressInfo;
  const host = family === 'IPv6' ? `[${address}]` : address;
  return {
    url: `http://${host}:${port}`,
    drain(bound_ms) {
      draining = true;
      return (drained ??= close(server, bound_ms, detach));
    },
  };
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

async function bind(server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new StartError(
        `Port ${port} on ${host} is taken by another program. Stop that one, or set PORT to another number (0 takes any free one).`,
      );
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL') {
      throw new StartError(`${host}:${port} cannot be listened on (${code}). Set HOST and PORT.`);
    }
    throw error;
  }
}

/** What keeps the gateway from starting, told as what to do about it. */
export class StartError extends Error {
  override name = 'StartError';
}

async function close(server: Server, bound_ms: number, detach: Detach): Promise<boolean> {
  let clean = true;
  const closed = once(server, 'close');
  server.close();
  // A connection that becomes idle after close() stays open: asked again and again.
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_ms);
  const late = new AbortController();
  const bound = setTimeout(() => {
    clean = false;
    server.closeAllConnections();
    late.abort(); // To the server an upgraded connection is none.
  }, bound_ms);
  await Promise.all([detach(late.signal), closed]);
  clearInterval(idle);
  clearTimeout(bound);
  return clean;
}
