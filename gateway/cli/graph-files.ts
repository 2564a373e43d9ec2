/** Files of tables as an import reads them: more than once, and inflated. */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open as openFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { pipeline as finished } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Invalid } from '../../resolvers/errors.ts';
import type { Dialect } from '../../resolvers/graph/import/table.ts';

export interface GraphFile {
  /** `-` for stdin. */
  readonly name: string;
  readonly dialect: Dialect;
  /** On the disk, compressed as it is. */
  readonly bytes: number;
  /** Its bytes, inflated. `read` is told how many were read from the disk. */
  readonly open: (read: (bytes: number) => void) => AsyncIterable<Uint8Array>;
  /** Removes what was kept of it. */
  readonly close: () => Promise<void>;
}

/**
 * A file, plain or gzip. What can be read only once (`-` is stdin, or a pipe) is kept in a temporary folder until
 * `close`. Tab-separated by its name (`.tsv`, `.tab`), or else by its first line. Refuses with Invalid what cannot be
 * read.
 */
export async function openGraphFile(
  name: string,
  stdin: Readable = process.stdin,
): Promise<GraphFile> {
  const file =
    name === '-' ? null : await stat(name).catch((error: unknown) => refuse(name, error));
  if (file?.isDirectory()) throw new Invalid(name, 'is a folder; name the files in it');
  if (file?.isFile()) return graphFile(name, name, () => Promise.resolve());
  const folder = await mkdtemp(join(tmpdir(), 'polyphony-import-'));
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    const kept = join(folder, 'table');
    await finished(name === '-' ? stdin : createReadStream(name), createWriteStream(kept));
    return await graphFile(name, kept, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function graphFile(
  name: string,
  path: string,
  close: () => Promise<void>,
): Promise<GraphFile> {
  const { size: bytes } = await stat(path);
  const isGzip = (await firstBytes(path)).equals(GZIP);
  const open: GraphFile['open'] = (read) => bytesOf(name, path, isGzip, read);
  return { name, bytes, open, close, dialect: await dialectOf(name, open) };
}

const GZIP = Buffer.from([0x1f, 0x8b]);

async function firstBytes(path: string): Promise<Buffer> {
  const file = await openFile(path).catch((error: unknown) => refuse(path, error));
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(GZIP.length), 0, GZIP.length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function* bytesOf(
  name: string,
  path: string,
  isGzip: boolean,
  read: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const file = counted(createReadStream(path), read);
  try {
    // An error of either ends both, and is thrown here.
    yield* isGzip ? pipeline(file, createGunzip(), () => undefined) : file;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith('Z_')) throw new Invalid(name, `damaged gzip: ${message}`);
    throw error;
  }
}

async function* counted(file: Readable, read: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of file as AsyncIterable<Buffer>) {
    read(chunk.length);
    yield chunk;
  }
}

const TAB_SEPARATED = /\.(tsv|tab)(\.gz)?$/i;
const COMMA_SEPARATED = /\.csv(\.gz)?$/i;

async function dialectOf(name: string, open: GraphFile['open']): Promise<Dialect> {
  const title = basename(name);
  if (TAB_SEPARATED.test(title)) return 'tsv';
  if (COMMA_SEPARATED.test(title)) return 'csv';
  for await (const chunk of open(() => undefined)) {
    const [line = ''] = Buffer.from(chunk).toString('utf8').split('\n', 1);
    return line.includes('\t') && !line.includes(',') ? 'tsv' : 'csv';
  }
  return 'csv';
}

function refuse(name: string, error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') throw new Invalid(name, 'there is no such file');
  if (code === 'EACCES') throw new Invalid(name, 'may not be read');
  throw error;
}
