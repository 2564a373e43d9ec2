/**
 * The little of the Postgres wire protocol that the embedded store looks at. A message is a type byte, a length
 * (big-endian, counting itself, not the type) and a body; names end in NUL:
 *
 *     P 00 00 00 1f  runs.byIds\0  SELECT …\0  00 00        Parse, as client 3 sends it
 *     P 00 00 00 21  3.runs.byIds\0  SELECT …\0  00 00      as the shared session gets it
 *
 * Only the start-up and the cancel request have no type byte.
 */

/** Messages by which a batch ends or the session's state changes. */
export const MESSAGE = { sync: 0x53, query: 0x51, flush: 0x48, terminate: 0x58 } as const;

const [PARSE, BIND, DESCRIBE, CLOSE, OF_STATEMENT] = Buffer.from('PBDCS');
const CANCEL_REQUEST = 80_877_102;

/** Whole messages of one client, its statement names made its own. */
export interface Owned {
  readonly bytes: Uint8Array;
  /** Type of the last message. */
  readonly last: number;
  /** Names prepared in it, as the session knows them. */
  readonly prepared: readonly string[];
  /** Names forgotten by it. */
  readonly closed: readonly string[];
}

/**
 * Prefixes a client's statement names with its number, because all clients share one session: without it the
 * second one to prepare `runs.byIds` fails with 42P05. `bytes` are whole messages, which is how pg writes.
 */
export function ownStatements(client: number, bytes: Uint8Array): Owned {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pieces: Uint8Array[] = [];
  const prepared: string[] = [];
  const closed: string[] = [];
  let copied = 0;
  let last = 0;
  for (let at = 0; at < bytes.length; at += 1 + view.getUint32(at + 1)) {
    last = bytes[at]!;
    const name = statementNameAt(bytes, at);
    if (name === null || bytes[name] === 0) continue; // None, or the unnamed statement: not kept.
    const head = Buffer.concat([bytes.subarray(at, name), Buffer.from(`${client}.`)]);
    head.writeUInt32BE(view.getUint32(at + 1) + head.length - (name - at), 1);
    pieces.push(bytes.subarray(copied, at), head);
    copied = name;
    const names = last === PARSE ? prepared : last === CLOSE ? closed : null;
    const end = bytes.indexOf(0, name);
    names?.push(`${client}.${Buffer.from(bytes.subarray(name, end)).toString()}`);
  }
  if (copied === 0) return { bytes, last, prepared, closed };
  return { bytes: join([...pieces, bytes.subarray(copied)]), last, prepared, closed };
}

/** Where the name of a statement begins in the message at `at`, or null. */
function statementNameAt(bytes: Uint8Array, at: number): number | null {
  const type = bytes[at];
  if (type === PARSE) return at + 5;
  if (type === BIND) return bytes.indexOf(0, at + 5) + 1; // After the portal's name.
  const names = type === DESCRIBE || type === CLOSE;
  return names && bytes[at + 5] === OF_STATEMENT ? at + 6 : null;
}

/** The client's own number, where the message is a request to cancel; else null. */
export function cancelRequested(bytes: Uint8Array): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes.length === 16 && view.getUint32(4) === CANCEL_REQUEST ? view.getUint32(8) : null;
}

/**
 * What the session answered to its own start-up, as the greeting of one client: BackendKeyData, of which pg
 * takes the process id to cancel by, carries the client's number. It is followed by ReadyForQuery, 6 bytes.
 */
export function greetingOf(client: number, greeting: Uint8Array): Buffer {
  const own = Buffer.from(greeting);
  own.writeUInt32BE(client, own.length - 6 - 8);
  return own;
}

/** The start-up of the one session, as PGlite's superuser. */
export function startup(): Uint8Array {
  return message('', '\0\u0003\0\0user\0postgres\0database\0postgres\0\0');
}

/** Ends the transaction of a client that is gone. Sync first: after an error nothing is heard before it. */
export function rollback(): Uint8Array {
  return join([message('S', ''), message('Q', 'ROLLBACK\0')]);
}

/** Forgets prepared statements. */
export function closeStatements(names: Iterable<string>): Uint8Array {
  return join([...Array.from(names, (name) => message('C', `S${name}\0`)), message('S', '')]);
}

/** One array of its own memory (not Node's shared pool): it can be handed to another thread. */
export function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}

function message(type: string, body: string): Uint8Array {
  const bytes = Buffer.from(`${type}\0\0\0\0${body}`);
  bytes.writeUInt32BE(bytes.length - type.length, type.length);
  return bytes;
}
