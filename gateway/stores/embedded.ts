/**
 * PGlite in a worker thread behind an ordinary pg.Pool: a statement neither holds up the event loop nor is beyond
 * cancelling, and everything above speaks to it as to a server. docs/decisions/0001-embedded-postgres.md says why.
 *
 * One session serves all clients, so a transaction makes everyone wait; four clients let the thread work while
 * this one parses. Settings and advisory locks are shared by all clients: SET LOCAL only. COPY FROM STDIN ends
 * the thread (PGlite reads past the batch): insert by UNNEST or jsonb_to_recordset. What is acknowledged
 * survives kill -9, not the loss of power.
 */
import type { Duplex } from 'node:stream';
import type { Worker } from 'node:worker_threads';
import { Client, Pool } from 'pg';
import { openSocket, type Line } from './embedded-socket.ts';
import { connectionLost, startThread, type Thread } from './embedded-worker.ts';
import { ensureFolder } from './template.ts';

export interface EmbeddedOptions {
  /** Of Postgres' own files; made from the template when it has none. Null: in memory, lost with the thread. */
  readonly folder: string | null;
  /** A migrated data folder as tar.gz (template.ts). */
  readonly template: string;
  readonly acquire_timeout_ms: number;
  /** A client that is silent for so long in its transaction is rolled back and dropped. */
  readonly idle_transaction_timeout_ms: number;
  /** Told when the thread ended unasked; the next client starts another. */
  readonly lost?: ((cause: Error) => void) | undefined;
}

export interface Embedded {
  readonly pool: Pool;
  /** A client beside the pool and its rules, for migrations. */
  readonly connect: () => Promise<Client>;
  /** Resolves when the thread can answer; rejects when it cannot start. */
  readonly ready: () => Promise<void>;
  /** The running thread, if there is one. */
  readonly thread: () => Worker | undefined;
  /** Closes the database; the pool has ended before. What was acknowledged is in the folder. */
  readonly close: () => Promise<void>;
}

/** One session serves them all; measured best for reads by key at 32 in flight (0.15 ms each; one client: 0.2). */
const CLIENTS_MAX = 4;

/** Opens the embedded database. Nothing runs before the first client connects or `ready` is called. */
export function openEmbedded(options: EmbeddedOptions): Embedded {
  const clients = openClients(options);
  const settings = { user: 'postgres', ssl: false, stream: clients.newSocket };
  const pool = new Pool({
    ...settings,
    max: CLIENTS_MAX,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: options.acquire_timeout_ms,
  });
  return {
    pool,
    async connect() {
      const client = new Client(settings);
      await client.connect();
      return client;
    },
    ready: clients.ready,
    thread: clients.thread,
    close: clients.close,
  };
}

interface Clients {
  readonly newSocket: () => Duplex;
  readonly ready: () => Promise<void>;
  readonly thread: () => Worker | undefined;
  readonly close: () => Promise<void>;
}

/** The sockets of all clients and the thread behind them, started when first needed and when the last one died. */
function openClients(options: EmbeddedOptions): Clients {
  const sockets = new Map<number, Duplex>();
  let starting: Promise<Thread> | undefined;
  let current: Thread | undefined;
  let last = 0;
  let closing = false;

  async function start(): Promise<Thread> {
    const { folder, template } = options;
    if (folder !== null) await ensureFolder(folder, template);
    const source = folder === null ? { template } : { folder };
    current = startThread(source, options.idle_transaction_timeout_ms, {
      heard(client, bytes) {
        if (bytes) sockets.get(client)?.push(bytes);
        else sockets.get(client)?.destroy(connectionLost('a transaction was idle too long'));
      },
      ended(error) {
        [starting, current] = [undefined, undefined];
        for (const socket of sockets.values()) socket.destroy(closing ? undefined : error);
        if (!closing) options.lost?.(error);
      },
    });
    return current;
  }

  async function greeted(): Promise<[Thread, Uint8Array]> {
    starting ??= start();
    starting.catch(() => {
      starting = undefined;
    });
    const thread = await starting;
    return [thread, await thread.greeting];
  }

  function newSocket(): Duplex {
    const client = ++last;
    let thread: Thread | undefined; // A client stays with the thread that greeted it.
    const line: Line = {
      async connect() {
        const [greeter, greeting] = await greeted();
        thread = greeter;
        return greeting;
      },
      send: (bytes) => (bytes ? thread?.send(client, bytes) : thread?.leave(client)),
      cancel(other) {
        // What waits still is dropped with its client, before it begins.
        if (!current?.cancel(other)) sockets.get(other)?.destroy(connectionLost('cancelled'));
      },
    };
    const socket = openSocket(client, line, () => sockets.delete(client));
    sockets.set(client, socket);
    return socket;
  }

  return {
    newSocket,
    ready: async () => void (await greeted()),
    thread: () => current?.worker,
    async close() {
      closing = true;
      await current?.close();
    },
  };
}
