/**
 * Many clients, one session: a client has it from its first message until it is idle again, so transactions
 * never mix. Runs in the database's thread; knows nothing of PGlite, threads or sockets.
 */
import {
  closeStatements,
  join,
  MESSAGE,
  ownStatements,
  rollback,
  type Owned,
} from './embedded-protocol.ts';

/** What runs messages of the protocol. */
export interface Engine {
  /** Runs one batch; its answer comes in parts, each valid only during the call. */
  run(bytes: Uint8Array, answer: (part: Uint8Array) => void): Promise<void>;
  inTransaction(): boolean;
}

export interface SessionOptions {
  /** A client that says nothing for so long in its transaction is rolled back and dropped. 0: never. */
  readonly idleInTransaction_ms: number;
  /** Told before each batch whose it is, and 0 after it. */
  readonly running: (client: number) => void;
  /** An answer, or null: the client is forgotten; it left, or was dropped. */
  readonly send: (client: number, bytes: Uint8Array<ArrayBuffer> | null) => void;
}

export interface Session {
  /** Whole messages of a client, or null when it left: what it had begun is rolled back. */
  take(client: number, bytes: Uint8Array | null): Promise<void>;
}

/** An answer leaves in blocks of this size while its statement runs. */
const BLOCK_BYTES = 65_536;

interface Client {
  readonly id: number;
  gone: boolean;
  /** Messages of a batch that has not ended. */
  readonly begun: Uint8Array[];
  readonly batches: Pick<Owned, 'bytes' | 'last'>[];
  readonly prepared: Set<string>;
}

/** Opens the queue in front of the one session. `take` rejects only when the engine broke: then all is lost. */
export function openSession(engine: Engine, options: SessionOptions): Session {
  const queue: Queue = {
    engine,
    options,
    clients: new Map(),
    waiting: [],
    owner: undefined,
    draining: false,
    idle: undefined,
  };
  return {
    take(id, bytes) {
      const client = queue.clients.get(id) ?? newClient(id);
      const owned = bytes && ownStatements(id, bytes);
      if (!owned || owned.last === MESSAGE.terminate) {
        leave(queue, client);
        return drain(queue);
      }
      queue.clients.set(id, client);
      client.begun.push(owned.bytes);
      for (const name of owned.prepared) client.prepared.add(name);
      for (const name of owned.closed) client.prepared.delete(name);
      if (!ENDS.has(owned.last)) return Promise.resolve();
      client.batches.push({ bytes: join(client.begun.splice(0)), last: owned.last });
      if (client.batches.length === 1 && client !== queue.owner) queue.waiting.push(client);
      return drain(queue);
    },
  };
}

interface Queue {
  readonly engine: Engine;
  readonly options: SessionOptions;
  readonly clients: Map<number, Client>;
  readonly waiting: Client[];
  /** Who has the session: from its first message until the session is idle. */
  owner: Client | undefined;
  draining: boolean;
  /** Runs while the owner is silent in its transaction. */
  idle: NodeJS.Timeout | undefined;
}

/** Runs what waits, one client's transaction at a time, until nobody waits or the owner thinks. */
async function drain(queue: Queue): Promise<void> {
  if (queue.draining) return;
  queue.draining = true;
  for (let client = next(queue); client; client = next(queue)) {
    if (client.gone) {
      await dismiss(queue, client);
      continue;
    }
    const batch = client.batches.shift();
    if (!batch && client === queue.owner) break; // In its transaction, thinking.
    if (!batch) continue;
    queue.owner = client;
    await run(queue, client, batch.bytes);
    if (batch.last === MESSAGE.flush || queue.engine.inTransaction()) continue;
    queue.owner = undefined;
    if (client.batches.length > 0) queue.waiting.push(client);
  }
  queue.draining = false;
  const { owner, options } = queue;
  if (owner && options.idleInTransaction_ms > 0) {
    queue.idle ??= setTimeout(() => {
      leave(queue, owner);
      void drain(queue);
    }, options.idleInTransaction_ms);
  }
}

function next(queue: Queue): Client | undefined {
  return queue.owner ?? queue.waiting.shift();
}

async function run(queue: Queue, client: Client, bytes: Uint8Array): Promise<void> {
  const { engine, options } = queue;
  let parts: Uint8Array[] = [];
  let size = 0;
  const send = () => {
    if (size > 0 && !client.gone) options.send(client.id, join(parts));
    [parts, size] = [[], 0];
  };
  clearTimeout(queue.idle);
  queue.idle = undefined;
  options.running(client.id);
  await engine.run(bytes, (part) => {
    parts.push(part.slice()); // It is a view of the engine's memory.
    size += part.length;
    if (size >= BLOCK_BYTES) send();
  });
  options.running(0);
  send();
}

/** Cleans up behind a client that left, when the session is its own or nobody's. */
async function dismiss(queue: Queue, client: Client): Promise<void> {
  if (client === queue.owner) await run(queue, client, rollback());
  if (client.prepared.size > 0) await run(queue, client, closeStatements(client.prepared));
  queue.owner = undefined;
}

function leave(queue: Queue, client: Client): void {
  client.gone = true;
  client.batches.length = 0;
  if (queue.clients.delete(client.id) && client !== queue.owner) queue.waiting.push(client);
  queue.options.send(client.id, null);
}

const ENDS: ReadonlySet<number> = new Set([MESSAGE.sync, MESSAGE.query, MESSAGE.flush]);

function newClient(id: number): Client {
  return { id, gone: false, begun: [], batches: [], prepared: new Set() };
}
