import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimFolder, ownerOf, type Claim, type Taken } from './data-folder.ts';

let folder: string;
const opened: (Claim | Taken)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'polyphony-folder-'));
});
afterEach(async () => {
  for (const each of opened.splice(0)) if ('release' in each) await each.release();
  await rm(folder, { recursive: true, force: true });
});

const answer = () => ({ pid: process.pid, url: 'http://127.0.0.1:4000' });

async function claim(path = folder): Promise<Claim | Taken> {
  const claimed = await claimFolder(path, answer);
  opened.push(claimed);
  return claimed;
}

function mine(claimed: Claim | Taken): Claim {
  if ('owner' in claimed) throw new Error(`taken by ${claimed.owner.pid}`);
  return claimed;
}

test('a second claim is answered with the first one, its process and its URL', async () => {
  const first = mine(await claim());
  expect(await claim()).toEqual({ owner: { ...answer(), socketPath: first.socketPath } });
  expect(await ownerOf(folder)).toMatchObject(answer());
});

test('a folder that was given back is nobody’s, and can be claimed again', async () => {
  await mine(await claim()).release();
  expect(await ownerOf(folder)).toBeNull();
  mine(await claim());
});

test('only the folder’s user can reach the owner, who answers what it was told to serve', async () => {
  const owner = mine(await claim());
  expect((await stat(owner.socketPath)).mode & 0o777).toBe(0o600);
  expect(await get(owner.socketPath, '/seed')).toEqual([503, '']);
  owner.serve((asked, response) => response.end(`served ${asked.url}`));
  expect(await get(owner.socketPath, '/seed')).toEqual([200, 'served /seed']);
});

test('a folder whose path is too long for a socket is claimed all the same', async () => {
  const long = join(folder, 'x'.repeat(90), 'y'.repeat(90));
  const { socketPath } = mine(await claim(long));
  expect(Buffer.byteLength(socketPath)).toBeLessThanOrEqual(100);
  expect(await claim(long)).toMatchObject({ owner: answer() });
});

test('a folder of another format is refused, and one that holds other things', async () => {
  await mine(await claim()).release();
  await writeFile(join(folder, 'VERSION.json'), '{"format":2}');
  await expect(claim()).rejects.toThrow(/has format 2, this version reads 1/);
  const other = join(folder, 'other');
  await mkdir(other);
  await writeFile(join(other, 'thesis.txt'), '');
  await expect(claim(other)).rejects.toThrow(/holds other things \(thesis.txt\)/);
});

test('whoever comes while it is claimed never finds half a mark', async () => {
  await mine(await claim()).release();
  const claiming = new AbortController();
  const seen = new Set<string>();
  const look = async () => {
    while (!claiming.signal.aborted) seen.add(await readFile(join(folder, 'VERSION.json'), 'utf8'));
  };
  const looking = [look(), look(), look()];
  for (let time = 0; time < 200; time += 1) await mine(await claim()).release();
  claiming.abort();
  await Promise.all(looking);
  expect([...seen]).toEqual(['{"format":1}\n']);
});

test('an owner that is too busy to answer still owns the folder', async () => {
  const child = await contender(1);
  expect((await child.claim()).won).toBe(1);
  child.process.kill('SIGSTOP');
  expect(await claim()).toMatchObject({ owner: { pid: child.process.pid, url: null } });
  await child.kill();
  mine(await claim());
});

test('of many who find the owner killed exactly one takes the folder, again and again', async () => {
  const contenders = await Promise.all(Array.from({ length: 8 }, () => contender(4)));
  while (contenders.length > 1) {
    const results = await Promise.all(contenders.map((each) => each.claim()));
    const winners = results.flatMap(({ won }, at) => Array<number>(won).fill(at));
    expect(winners).toHaveLength(1);
    const [winner] = contenders.splice(winners[0]!, 1);
    expect(new Set(results.flatMap(({ owners }) => owners))).toEqual(
      new Set([winner!.process.pid]),
    );
    await winner!.kill();
  }
  await Promise.all(contenders.map((each) => each.kill()));
  const sockets = (await readdir(folder)).filter((name) => name.endsWith('.sock'));
  expect(sockets.length).toBeLessThanOrEqual(2); // The dead do not pile up.
});

interface Contender {
  readonly process: ChildProcess;
  claim(): Promise<{ won: number; owners: number[] }>;
  kill(): Promise<void>;
}

/** A process that claims when told to, so many times at once. */
async function contender(tries: number): Promise<Contender> {
  const script = fileURLToPath(new URL('../../e2e/kit/claim-folder.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, folder, String(tries)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  return {
    process: child,
    async claim() {
      child.stdin.write('\n');
      const { value } = (await lines.next()) as { value: string };
      return JSON.parse(value) as { won: number; owners: number[] };
    },
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function get(socketPath: string, path: string): Promise<[number | undefined, string]> {
  const asked = request({ socketPath, path }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return [response.statusCode, Buffer.concat(parts).toString()];
}
