/**
 * One data folder belongs to one process, which listens on a Unix socket in it: the kernel closes that socket
 * however the process ends, so a socket that answers is an owner that lives (process ids lie: 1 is always alive in
 * a container). The socket is also how tools reach the owner: HTTP, for the folder's user only.
 *
 *     VERSION.json            {"format":1}, the mark: another number is refused
 *     4711-9f3a52.sock        the socket of one claim, made before the claim is
 *     owner-7 → 4711-9f3a52.sock    the seventh claim; the highest one counts
 *     postgres/ …             what the folder is for
 *
 * Taking it: find the highest claim; if its socket answers, it is taken; else try to make the next one, which only
 * one can (a link is made or exists). Claims are never taken back, or a slow taker could make one a second time:
 * an owner that ends leaves a dead one, and the next removes those far behind it.
 */
import { randomBytes } from 'node:crypto';
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { askOwner, type Owner } from './data-folder-owner.ts';

/** The folder is ours until `release`, or until this process ends. */
export interface Claim {
  readonly folder: string;
  /** Of the socket; short enough for any system. */
  readonly socketPath: string;
  /** Answers every request on the socket but GET /owner. Until called they get 503. */
  readonly serve: (listener: RequestListener) => void;
  readonly release: () => Promise<void>;
}

/** Somebody else's. */
export interface Taken {
  readonly owner: Owner;
}

/** The layout of the folder; raise it when an older gateway must not touch what a newer one made. */
const FORMAT = 1;

/** Dead claims kept behind the highest, so that a slow taker sees it is late. */
const CLAIMS_KEPT = 16;

/** Bytes of a socket's path: 104 on macOS and 108 on Linux, with the final NUL. */
const SOCKET_PATH_BYTES_MAX = 100;

/**
 * Claims the folder, made if need be, for this process; `answer` says who it is to those who ask. When it is taken,
 * answers by whom. Throws when the folder holds something else, or was made by another format.
 */
export async function claimFolder(
  folder: string,
  answer: () => Omit<Owner, 'socketPath'>,
): Promise<Claim | Taken> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await checkMark(folder);
  const socket = await listen(folder, answer);
  const taken = await publish(folder, socket.link);
  if (taken) {
    await socket.close();
    return { owner: taken };
  }
  await writeMark(folder);
  return {
    folder,
    socketPath: socket.path,
    serve: socket.serve,
    release: socket.close,
  };
}

/** Who owns the folder now, or null. Tools ask it before they open the folder themselves. */
export async function ownerOf(folder: string): Promise<Owner | null> {
  for (;;) {
    const claim = highest(await claims(folder));
    if (claim === null) return null;
    const owner = await ownerOfClaim(folder, claim);
    // It may have ended between the two: ask again when there is a newer one.
    if (owner || highest(await claims(folder)) === claim) return owner;
  }
}

/** Makes our claim; answers the owner when there is one instead. */
async function publish(folder: string, link: string): Promise<Owner | null> {
  for (;;) {
    const found = await claims(folder);
    const last = highest(found) ?? 0;
    const owner = last > 0 ? await ownerOfClaim(folder, last) : null;
    if (owner) return owner;
    try {
      await symlink(link, join(folder, `owner-${last + 1}`));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue; // Somebody was faster.
      throw error;
    }
    // Somebody may have been so much faster that our number was removed as an old one before we took it.
    if (highest(await claims(folder)) !== last + 1) continue;
    await removeDead(folder, found, last + 1);
    return null;
  }
}

async function ownerOfClaim(folder: string, claim: number): Promise<Owner | null> {
  const link = await readlink(join(folder, `owner-${claim}`)).catch(() => null);
  if (link === null) return null;
  return askOwner(isAbsolute(link) ? link : join(folder, link));
}

async function claims(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  return names.flatMap((name) => {
    const number = /^owner-(\d+)$/.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

function highest(numbers: readonly number[]): number | null {
  return numbers.length === 0 ? null : Math.max(...numbers);
}

/** Only the owner calls it: every lower claim is dead, and so are their sockets. */
async function removeDead(folder: string, found: readonly number[], ours: number): Promise<void> {
  for (const claim of found) {
    const path = join(folder, `owner-${claim}`);
    const link = await readlink(path).catch(() => null);
    if (link !== null) await rm(isAbsolute(link) ? link : join(folder, link), { force: true });
    if (claim <= ours - CLAIMS_KEPT) await rm(path, { force: true });
  }
}

interface Socket {
  readonly path: string;
  /** As the claim names it: relative inside the folder, which may be mounted elsewhere for others. */
  readonly link: string;
  readonly serve: (listener: RequestListener) => void;
  readonly close: () => Promise<void>;
}

async function listen(folder: string, answer: () => Omit<Owner, 'socketPath'>): Promise<Socket> {
  const name = `${process.pid}-${randomBytes(6).toString('hex')}.sock`;
  const inside = join(folder, name);
  const fits = Buffer.byteLength(inside) <= SOCKET_PATH_BYTES_MAX;
  const path = fits ? inside : join(tmpdir(), `polyphony-${name}`);
  let listener: RequestListener = (_request, response) => {
    response.writeHead(503).end();
  };
  const server = createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/owner') {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answer()));
    } else listener(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  server.unref(); // It does not keep the process: the gateway does.
  return {
    path,
    link: fits ? name : path,
    serve: (next) => {
      listener = next;
    },
    close: () => close(server),
  };
}

/** Node removes the socket's file. */
async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

const MARK = 'VERSION.json';

/** Whole at once: others may come and read it meanwhile. */
async function writeMark(folder: string): Promise<void> {
  const written = join(folder, `${MARK}.${process.pid}`);
  await writeFile(written, `${JSON.stringify({ format: FORMAT })}\n`);
  await rename(written, join(folder, MARK));
}

/** What stands in a folder before it has a mark. */
const OURS = /^owner-\d+$|\.sock$|^VERSION\.json/;

/** Refuses folders that we did not make, and those that only another version understands. */
async function checkMark(folder: string): Promise<void> {
  const text = await readFile(join(folder, MARK), 'utf8').catch(() => null);
  if (text === null) {
    const others = (await readdir(folder)).filter((name) => !OURS.test(name));
    if (others.length === 0 || (await readdir(folder)).includes(MARK)) return;
    throw new Error(`${folder} holds other things (${others[0]}): choose an empty or new folder.`);
  }
  const format = formatOf(text);
  if (format === FORMAT) return;
  throw new Error(
    `${folder} has format ${format ?? 'unknown'}, this version reads ${FORMAT}: use the version of Polyphony that made it.`,
  );
}

function formatOf(text: string): number | null {
  try {
    const { format } = JSON.parse(text) as { format?: unknown };
    return typeof format === 'number' ? format : null;
  } catch {
    return null;
  }
}
