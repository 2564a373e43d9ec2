/** `polyphony import-graph` as a process: on a data folder, and beside a gateway that has it. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asked } from './kit/ask.ts';
import { built, linesOf, polyphony, startGatewayProcess, startPolyphony } from './kit/process.ts';

const CITIES = 'id,kind,name,people:int\nlon,city,London,9\npar,city,Paris,2\n';
const ROADS = 'source\trelation\ttarget\tmiles:int\nlon\troad\tpar\t290\n';

let folder: string;
let settings: { DATA_DIR: string; TMPDIR: string };
beforeAll(async () => {
  await built();
  folder = await mkdtemp(join(tmpdir(), 'polyphony-graph-'));
  settings = { DATA_DIR: join(folder, 'store'), TMPDIR: folder };
  await writeFile(join(folder, 'cities.csv'), CITIES);
  await writeFile(join(folder, 'roads.tsv.gz'), gzipSync(ROADS));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const file = (name: string) => join(folder, name);
const tables = () => ['--nodes', file('cities.csv'), '--edges', file('roads.tsv.gz')];
const counts = (created: number, changed: number, unchanged: number) => ({
  created,
  changed,
  unchanged,
});

test('a folder takes tables, plain and gzip; the same again changes nothing', async () => {
  for (const created of [true, false]) {
    const { code, stdout, stderr } = await polyphony(['import-graph', ...tables()], settings);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const of = (count: number) => (created ? counts(count, 0, 0) : counts(0, 0, count));
    expect(linesOf(stdout)).toEqual([
      { name: file('cities.csv'), of: 'nodes', ...of(2) },
      { name: file('roads.tsv.gz'), of: 'edges', ...of(1) },
      { nodes: 2, relations: 1, seconds: expect.any(Number), rowsPerSecond: expect.any(Number) },
    ]);
  }
});

test('errors are told by file and line, with exit code 2, and nothing of the call is stored', async () => {
  await writeFile(file('bad.csv'), 'from,to,kind\nlon,par,x\nlon,rome,x\nlon,x\n');
  await writeFile(file('more.csv'), 'id,kind\nrom,city\n');
  const words = ['import-graph', '--nodes', file('more.csv'), '--edges', file('bad.csv')];
  const { code, stdout, stderr } = await polyphony(words, settings);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toBe(
    `  ${file('bad.csv')}:4: has 2 cells, the header has 3\n` +
      `  ${file('bad.csv')}:3: there is no node with the key "rome"\n`,
  );
  const again = await polyphony(['import-graph', '--nodes', file('more.csv')], settings);
  expect(linesOf(again.stdout)[0]).toMatchObject(counts(1, 0, 0));
});

test('what is no gzip to its end is refused', async () => {
  await writeFile(file('cut.csv.gz'), gzipSync(CITIES).subarray(0, 40));
  const { code, stderr } = await polyphony(
    ['import-graph', '--nodes', file('cut.csv.gz')],
    settings,
  );
  expect(code).toBe(2);
  expect(stderr).toMatch(/cut\.csv\.gz: damaged gzip: unexpected end of file/);
});

test('beside a running gateway it goes through it, and its queries show what came', async () => {
  const gateway = await startGatewayProcess(settings);
  try {
    await writeFile(file('cities.csv'), CITIES.replace('Paris,2', 'Lutetia,1'));
    const { stdout } = await polyphony(['import-graph', ...tables()], settings);
    expect(linesOf(stdout)).toMatchObject([counts(0, 1, 1), counts(0, 0, 1), {}]);
    const city = await asked(
      gateway.url,
      '{ entityByKey(kind: "city", key: "par") { name properties version } }',
    );
    expect(city).toEqual({
      entityByKey: { name: 'Lutetia', properties: { people: 1 }, version: 2 },
    });

    await writeFile(file('agents.csv'), 'id,kind\na,thing\nb,Agent\n');
    const refused = await polyphony(['import-graph', '--nodes', file('agents.csv')], settings);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/^ {2}.*agents\.csv:3: kind agents are written by/);
    const nobody = 'from,to,kind\nlon,nobody,x\n';
    await writeFile(file('nobody.csv'), nobody);
    const missing = await polyphony(['import-graph', '--edges', file('nobody.csv')], settings);
    expect(missing.stderr).toMatch(/nobody\.csv:2: there is no node with the key "nobody"/);
  } finally {
    await gateway.stop();
  }
});

test('stdin is a table; flags say of the file before them what its columns are', async () => {
  await writeFile(file('lives.csv'), 'who,where\nada,lon\n');
  const words = ['import-graph', '--nodes', '-', '--kind', 'person', '--node-key', 'who'];
  const { child, finished } = await startPolyphony(
    [...words, '--edges', file('lives.csv'), '--from', 'who', '--to', 'where', '--kind', 'lives'],
    settings,
    undefined,
    'pipe',
  );
  child.stdin!.end('who\tage:int\nada\t36\n');
  const { code, stdout } = await finished;
  expect(code).toBe(0);
  expect(linesOf(stdout)).toMatchObject([counts(1, 0, 0), counts(1, 0, 0), {}]);
  expect((await readdir(folder)).filter((name) => name.startsWith('polyphony-import'))).toEqual([]);
});
