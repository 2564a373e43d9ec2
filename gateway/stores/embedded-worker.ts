/** Starts the thread of the embedded database and says what it says. */
import { Worker } from 'node:worker_threads';
import { interrupterOf } from './embedded-cancel.ts';
import { THREAD, type Packet, type ThreadSettings } from './embedded-link.ts';

export interface Thread {
  readonly worker: Worker;
  /** What the session answered to its start-up; rejects when it could not start. */
  readonly greeting: Promise<Uint8Array>;
  post(...packet: Packet): void;
  /** Evaluates an expression in it, even while it is busy. */
  interrupt(expression: string): void;
}

export interface ThreadListener {
  /** An answer to a client, or null when it was dropped. */
  heard(client: number, bytes: Uint8Array | null): void;
  /** It is gone, asked to or not; `error` has the fields of a lost connection. */
  ended(error: Error): void;
}

/** Starts a thread. It ends when it has closed the database, or by a fault. */
export function startThread(settings: ThreadSettings, listener: ThreadListener): Thread {
  const worker = newWorker(settings);
  const greeting = new Promise<Uint8Array>((resolve, reject) => {
    let cause: unknown;
    worker.on('message', ([client, bytes]: Packet) => {
      if (client !== THREAD) listener.heard(client, bytes);
      else if (bytes) resolve(bytes);
      else void worker.terminate(); // It has closed.
    });
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', () => {
      const error = connectionLost('it stopped', cause);
      reject(error);
      listener.ended(error);
    });
  });
  greeting.catch(() => undefined); // Whoever connects hears of it.
  return {
    worker,
    greeting,
    post(client, bytes) {
      const packet: Packet = [client, bytes];
      worker.postMessage(packet, bytes && bytes.length > 16_384 ? [bytes.buffer] : []);
    },
    interrupt: interrupterOf(worker),
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
