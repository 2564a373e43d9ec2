/** The command line as a person and as a script meet it: real processes of dist/. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { printedSchema } from '../schema/print.ts';
import { freePort } from './kit/free-port.ts';
import { linesOf, polyphony, startGatewayProcess } from './kit/process.ts';
import { edited, readSample } from './kit/samples.ts';

const SAMPLES = ['mosaic', 'evaluation'].map((name) =>
  fileURLToPath(new URL(`samples/${name}.json`, import.meta.url)),
);
const COMMANDS = [
  'serve',
  'migrate',
  'seed',
  'import',
  'import-graph',
  'replay',
  'doctor',
  'print-schema',
  'print-config',
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'polyphony-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('help', () => {
  test('names every command and what each exit code means', async () => {
    const { code, stdout } = await polyphony(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toContain(`  ${command}`);
    expect(stdout).toMatch(
      /0 +done[^]*1 +failed[^]*2 +wrong usage[^]*3 +a gateway[^]*130 +interrupted/,
    );
  });

  test.each(COMMANDS)('%s --help shows an example and opens nothing', async (command) => {
    const { code, stdout } = await polyphony([command, '--help'], { DATA_DIR: '/proc/none' });
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples:\n.*polyphony ${command}`));
  });
});

describe('a call that is wrong ends with 2 and says why, without touching a store', () => {
  test.each([
    { words: ['frob'], says: /unknown command 'frob'/ },
    { words: ['import'], says: /missing required argument 'file'/ },
    { words: ['import-graph'], says: /needs --nodes FILE or --edges FILE/ },
    {
      words: ['import-graph', '--nodes', '-', '--edges', '-'],
      says: /-: stdin can be read as one/,
    },
    {
      words: ['import-graph', '--nodes', 'x.csv', '--from', 'a'],
      says: /--from: says nothing of x.csv: give it after --edges/,
    },
    { words: ['import-graph', '--nodes', '/proc/none'], says: /none: there is no such file/ },
    { words: ['seed', '--scale', '2m'], says: /Allowed choices are 10k, 100k, 1m/ },
    { words: ['replay', 'x', '--speed', '0'], says: /number above 0, or max/ },
    { words: ['replay', 'x', '--parallel', '101'], says: /whole number from 1 to 100/ },
    { words: ['replay', 'x', '--url', 'file:///x'], says: /begins with http/ },
    { words: ['replay', 'x', '--resume', '7'], says: /id of a run/ },
    {
      words: ['replay', 'x', 'y', '--resume', '00000000-0000-7000-8000-000000000000'],
      says: /--resume: goes with one file/,
    },
  ])('$words', async ({ words, says }) => {
    const { code, stdout, stderr } = await polyphony(words, { DATA_DIR: '/proc/none' });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(says);
  });

  test('settings: every one that is wrong is named, and no password', async () => {
    const settings = { PORT: '70000', DATABASE_URL: 'mysql://me:secret@db/x' };
    const { code, stderr } = await polyphony(['doctor'], settings);
    expect(code).toBe(2);
    expect(stderr).toMatch(/PORT must be .*got "70000"[^]*DATABASE_URL must be/);
    expect(stderr).not.toContain('secret');
  });
});

describe('printing', () => {
  test('print-schema prints the graph that is in git', async () => {
    const { code, stdout } = await polyphony(['print-schema']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: printedSchema() });
  });

  test('print-config prints what is in force, as a shell reads it, without passwords', async () => {
    const { code, stdout } = await polyphony(['print-config'], {
      DATA_DIR: "/tmp/it's here",
      DATABASE_URL: 'postgresql://me:secret@db/x',
    });
    expect(code).toBe(0);
    expect(stdout).toContain(String.raw`DATA_DIR='/tmp/it'\''s here'`);
    expect(stdout).toContain('DATABASE_URL=');
    expect(stdout).not.toContain('secret');
  });
});

describe('commands on a data folder', () => {
  const dataDir = () => ({ DATA_DIR: join(folder, 'commands') });

  test('import stores recordings once: again, or as gzip, it answers with the run there is', async () => {
    const first = await polyphony(['import', ...SAMPLES], dataDir());
    expect({ code: first.code, stderr: first.stderr }).toEqual({ code: 0, stderr: '' });
    const again = await polyphony(['import', ...SAMPLES], dataDir());
    const [before, after] = [first, again].map(({ stdout }) =>
      linesOf<{ created: boolean }>(stdout),
    );
    expect(before?.map(({ created }) => created)).toEqual([true, true]);
    expect(after).toEqual(before?.map((line) => ({ ...line, created: false })));
  });

  test('import refuses a bad file whole, with the path of every problem, and takes the others', async () => {
    const bad = join(folder, 'bad.json');
    await writeFile(
      bad,
      edited(await readSample('mosaic'), [
        ['workflow.specification.tasks[0].parents', ['nobody']],
        ['workflow.specification.files[0].sizeInBytes', -1],
      ]),
    );
    const { code, stdout, stderr } = await polyphony(
      ['import', bad, SAMPLES[0]!, join(folder, 'none.json'), folder],
      dataDir(),
    );
    expect(code).toBe(2);
    expect(linesOf(stdout)).toHaveLength(1);
    expect(stderr).toMatch(/bad\.json:\n/);
    expect(stderr).toContain('$.workflow.specification.tasks[0].parents[0]');
    expect(stderr).toContain('$.workflow.specification.files[0].sizeInBytes');
    expect(stderr).toMatch(/none\.json: there is no such file/);
    expect(stderr).toMatch(/is a folder/);
  });

  test('seed adds the small world once; migrate finds nothing to do; doctor finds all well', async () => {
    const seeds = [await polyphony(['seed'], dataDir()), await polyphony(['seed'], dataDir())];
    const [first, second] = seeds.map(({ stdout }) => linesOf<{ runs: number }>(stdout)[0]);
    expect(first?.runs).toBeGreaterThan(5);
    expect(second?.runs).toBe(0);
    expect(await polyphony(['migrate'], dataDir())).toMatchObject({ code: 0, stdout: '' });
    const doctor = await polyphony(['doctor'], dataDir());
    expect(doctor).toMatchObject({ code: 0, stderr: '' });
    expect(doctor.stdout).toMatch(/postgres +\d+.*embedded[^]*All is well/);
  });
});

test('serve drains on SIGTERM: ends with 0, and the folder is free', async () => {
  const settings = { DATA_DIR: join(folder, 'drained') };
  const gateway = await startGatewayProcess(settings);
  expect((await gateway.stop()).code).toBe(0);
  expect((await polyphony(['migrate'], settings)).code).toBe(0);
});

test('a port that is taken, and a server that is away, end with 3', async () => {
  const gateway = await startGatewayProcess({ DATA_DIR: join(folder, 'port') });
  const other = { DATA_DIR: join(folder, 'port-2'), PORT: new URL(gateway.url).port };
  expect(await polyphony(['serve'], other)).toMatchObject({ code: 3 });
  await gateway.stop();
  const nobody = `postgresql://me:secret@127.0.0.1:${await freePort()}/x`;
  for (const words of [['serve'], ['doctor'], ['import', SAMPLES[0]!]]) {
    const { code, stderr } = await polyphony(words, { DATABASE_URL: nobody, PORT: '0' });
    expect({ words, code }).toEqual({ words, code: 3 });
    expect(stderr).not.toContain('secret');
  }
});
