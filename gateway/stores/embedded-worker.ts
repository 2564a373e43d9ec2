/** Starts the thread of the embedded database and says what it says. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { interrupterOf } from './embedded-cancel.ts';
import { THREAD, transferred, type Packet, type ThreadSettings } from './embedded-link.ts';

export interface Thread {
  readonly worker: Worker;
  /** What the session answered to its start-up; rejects when it could not start. */
  readonly greeting: Promise<Uint8Array>;
  send(client: number, bytes: Uint8Array<ArrayBuffer>): void;
  /** Tells that a client is gone. What it has running, or begins before the thread hears of it, is cancelled. */
  leave(client: number): void;
  /** Ends what the client runs with 57014, if it runs something; a thread that is deaf to that ends itself. */
  cancel(client: number): boolean;
  /** Closes the database; resolves when the thread has ended. */
  close(): Promise<void>;
}

export interface ThreadListener {
  /** An answer to a client, or null when it is forgotten. */
  heard(client: number, bytes: Uint8Array | null): void;
  /** It is gone, asked to or not; `error` has the fields of a lost connection. */
  ended(error: Error): void;
}

/** A statement that ignores its cancel for so long costs the thread: nothing else would end it. */
const DEAF_ms = 5_000;

/** Between attempts to cancel what somebody who left has running. */
const REAP_ms = 20;

/** Starts a thread. It ends when it has closed the database, or by a fault. */
export function startThread(
  source: { readonly folder: string } | { readonly template: string },
  idleInTransaction_ms: number,
  listener: ThreadListener,
): Thread {
  const running = new SharedArrayBuffer(8);
  const worker = newWorker({ ...source, running, idleInTransaction_ms });
  const cancel = cancellerOf(worker, new Int32Array(running));
  const leaving = new Set<number>();
  const reaper = setInterval(() => {
    for (const client of leaving) cancel(client);
  }, REAP_ms).unref();
  const greeting = new Promise<Uint8Array>((resolve, reject) => {
    let cause: unknown;
    worker.on('message', ([client, bytes]: Packet) => {
      if (client === THREAD && bytes) resolve(bytes);
      else if (client === THREAD) void worker.terminate(); // It has closed.
      else listener.heard(client, bytes);
      if (bytes === null) leaving.delete(client);
    });
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', () => {
      clearInterval(reaper);
      const error = connectionLost('it stopped', cause);
      reject(error);
      listener.ended(error);
    });
  });
  greeting.catch(() => undefined); // Whoever connects hears of it.
  const post = (...packet: Packet) => worker.postMessage(packet, transferred(packet[1]));
  return {
    worker,
    greeting,
    send: post,
    leave(client) {
      leaving.add(client);
      post(client, null);
    },
    cancel,
    async close() {
      const exit = once(worker, 'exit');
      post(THREAD, null);
      await exit;
    },
  };
}

function cancellerOf(worker: Worker, running: Int32Array): Thread['cancel'] {
  const interrupt = interrupterOf(worker);
  let doomed = -1; // The batch that is given DEAF_ms.
  return (client) => {
    const batch = Atomics.load(running, 1);
    if (Atomics.load(running, 0) !== client) return false;
    interrupt(`cancelStatement(${client})`);
    if (batch === doomed) return true;
    doomed = batch;
    setTimeout(() => {
      const deaf = Atomics.load(running, 0) === client && Atomics.load(running, 1) === batch;
      if (deaf) void worker.terminate();
    }, DEAF_ms).unref();
    return true;
  };
}

/** An error with the fields by which pg's users, Prisma too, know a lost connection. */
export function connectionLost(why: string, cause?: unknown): Error {
  const error = new Error(`The embedded database: ${why}.`, { cause });
  return Object.assign(error, { code: 'ECONNRESET', errno: -104, syscall: 'read' });
}

/** A build has the thread as a second entry beside it. From source, Node 20 needs tsx told inside the thread. */
function newWorker(settings: ThreadSettings): Worker {
  const source = import.meta.url.endsWith('.ts');
  const url = new URL(`./embedded-thread.${source ? 'ts' : 'js'}`, import.meta.url);
  if (!source || 'typescript' in process.features) return new Worker(url, { workerData: settings });
  const load = `import('tsx/esm/api').then(({ register }) => {
    register();
    return import(${JSON.stringify(url.href)});
  })`;
  return new Worker(load, { eval: true, workerData: settings });
}
