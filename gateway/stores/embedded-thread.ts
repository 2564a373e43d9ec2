/**
 * The thread that runs PGlite for embedded.ts. It speaks the Postgres protocol over its port; all clients share
 * its one session (embedded-session.ts).
 */
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { vector } from '@electric-sql/pglite-pgvector';
import { gunzipSync } from 'node:zlib';
import { startup } from './embedded-protocol.ts';
import { openSession } from './embedded-session.ts';
import { THREAD, transferred, type Packet, type ThreadSettings } from './embedded-link.ts';

const port = parentPort!;
const settings = workerData as ThreadSettings;
const running = new Int32Array(settings.running);

/** Half of Postgres' default: 70 MB less for the process, and a start of 0.55 s of CPU instead of 0.8 (measured). */
const START = [...PGlite.defaultStartParams, '-c', 'shared_buffers=64MB'];

const lite = await PGlite.create({
  startParams: START,
  ...('folder' in settings
    ? { dataDir: settings.folder }
    : { loadDataDir: new Blob([gunzipSync(readFileSync(settings.template))]) }),
  extensions: { pg_trgm, vector },
});

/** Postgres' own variables: where they lie in its memory. Not in PGlite's types, but in its module. */
const addresses = lite.Module as unknown as {
  readonly _QueryCancelPending: number;
  readonly _InterruptPending: number;
};

/**
 * embedded-cancel.ts calls it by the inspector, which interrupts even a busy thread: Postgres then ends the
 * statement by itself with 57014. Does nothing when another client's statement runs by now.
 */
Object.assign(globalThis, {
  cancelStatement(client: number) {
    if (Atomics.load(running, 0) !== client) return;
    const memory = new DataView(lite.Module.HEAPU8.buffer);
    memory.setInt32(addresses._QueryCancelPending, 1, true);
    memory.setInt32(addresses._InterruptPending, 1, true);
  },
});

const run = (bytes: Uint8Array, answer: (part: Uint8Array) => void) =>
  lite.execProtocolRawStream(bytes, { onRawData: answer });

const session = openSession(
  { run, inTransaction: () => lite.isInTransaction() },
  {
    idleInTransaction_ms: settings.idleInTransaction_ms,
    running(client) {
      Atomics.store(running, 0, client);
      if (client !== 0) Atomics.add(running, 1, 1);
    },
    send,
  },
);

port.on('message', ([client, bytes]: Packet) => {
  // A rejection ends the thread, which is meant: without its engine it is of no use.
  if (client === THREAD) void lite.close().finally(() => send(THREAD, null));
  else void session.take(client, bytes);
});

const greeting: Uint8Array[] = [];
await run(startup(), (part) => greeting.push(part.slice()));
send(THREAD, new Uint8Array(Buffer.concat(greeting)));

function send(client: number, bytes: Uint8Array<ArrayBuffer> | null): void {
  const packet: Packet = [client, bytes];
  port.postMessage(packet, transferred(bytes));
}
