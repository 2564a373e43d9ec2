/** Load on one server: connections that post, wait for the answer and post again, at less cost than the server's. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Target {
  /** For errors. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Posted one after the other, again and again. */
  readonly bodies: readonly string[];
  /** Of the server, so far. */
  readonly cpu_ms: () => number;
}

/** What was counted while the load was on. */
export interface Slice {
  readonly requests: number;
  readonly seconds: number;
  /** Of the server's process. */
  readonly cpu_ms: number;
}

export interface Load {
  /**
   * For so long each connection posts again as soon as it has its answer; resolves when all have their last one, so
   * that no work is begun by one pass and done in another. Rejects as soon as an answer is not 200, or a connection
   * is cut.
   */
  pass(seconds: number): Promise<Slice>;
  close(): void;
}

/** Connects, and waits. */
export async function openLoad(
  { name, host, port, path, bodies, cpu_ms }: Target,
  connections: number,
): Promise<Load> {
  const requests = bodies.map((body) => requestBytes(host, port, path, body));
  let [sent, answered, idle, until_ms] = [0, 0, 0, 0];
  let ended = () => {};
  let fail = (_error: Error) => {};
  let closed = false;
  const next = (socket: Socket) => {
    if (performance.now() < until_ms) socket.write(requests[sent++ % requests.length]!);
    else if (++idle === connections) ended();
  };
  const sockets = await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect({ host, port, noDelay: true });
      await once(socket, 'connect');
      readAnswers(socket, (problem) => {
        if (problem !== undefined) return fail(new Error(`${name}: ${problem}`));
        answered += 1;
        next(socket);
      });
      socket.once('error', (error) => fail(error));
      socket.once('close', () => closed || fail(new Error(`${name}: a connection was closed`)));
      return socket;
    }),
  );
  return {
    async pass(seconds) {
      const before = { cpu_ms: cpu_ms(), answered, at_ms: performance.now() };
      await new Promise<void>((done, failed) => {
        [ended, fail, idle, until_ms] = [done, failed, 0, before.at_ms + seconds * 1_000];
        for (const socket of sockets) next(socket);
      });
      return {
        requests: answered - before.answered,
        seconds: (performance.now() - before.at_ms) / 1_000,
        cpu_ms: cpu_ms() - before.cpu_ms,
      };
    },
    close() {
      closed = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** One question and its answer's body. Throws unless it is 200. */
export async function ask(target: Target, body: string): Promise<string> {
  const response = await fetch(`http://${target.host}:${target.port}${target.path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body,
  });
  const text = await response.text();
  if (response.status !== 200)
    throw new Error(`${target.name}: ${response.status} ${text.slice(0, 500)}`);
  return text;
}

function requestBytes(host: string, port: number, path: string, body: string): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: ${host}:${port}`,
    'content-type: application/json',
    'accept: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

const HEAD_END = '\r\n\r\n';
/** How a body in chunks ends; nowhere else is a line of `0` followed by an empty one. */
const CHUNKS_END = '0\r\n\r\n';

/** Tells of each whole answer on a connection, which has one at a time; of one that is not 200, its status. */
function readAnswers(socket: Socket, told: (problem?: string) => void): void {
  let head = '';
  let left = 0; // Bytes that are still to come; Infinity in chunks.
  let tail = '';
  const inBody = (chunk: Buffer) => {
    if (left === Number.POSITIVE_INFINITY) {
      tail = (tail + chunk.toString('latin1', Math.max(0, chunk.length - 5))).slice(-5);
      if (tail !== CHUNKS_END) return;
      left = 0;
    } else left -= chunk.length;
    if (left > 0) return;
    head = tail = '';
    told();
  };
  socket.on('data', (chunk) => {
    if (left > 0) return inBody(chunk);
    const before = Buffer.byteLength(head, 'latin1');
    head += chunk.toString('latin1');
    const end = head.indexOf(HEAD_END);
    if (end === -1) return;
    if (!head.startsWith('HTTP/1.1 200')) return told(head.slice(0, 500));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head.slice(0, end));
    left = length ? Number(length[1]) : Number.POSITIVE_INFINITY;
    inBody(chunk.subarray(end + HEAD_END.length - before));
  });
}
