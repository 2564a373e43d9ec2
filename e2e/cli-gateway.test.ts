/** The command line beside a running gateway: through its data folder's socket, and through its public API. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allEvents, asked } from './kit/ask.ts';
import {
  linesOf,
  polyphony,
  startGatewayProcess,
  startPolyphony,
  type GatewayProcess,
  type Running,
} from './kit/process.ts';
import { until } from './kit/until.ts';

const SAMPLES = ['mosaic', 'evaluation'].map((name) =>
  fileURLToPath(new URL(`samples/${name}.json`, import.meta.url)),
);

let folder: string;
let settings: { DATA_DIR: string };
let gateway: GatewayProcess;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'polyphony-cli-'));
  settings = { DATA_DIR: join(folder, 'store') };
  gateway = await startGatewayProcess(settings);
});
afterAll(async () => {
  await gateway.stop();
  await rm(folder, { recursive: true, force: true });
});

test('commands go through it, with the same answers and refusals', async () => {
  const imported = await polyphony(['import', SAMPLES[0]!], settings);
  expect(imported).toMatchObject({ code: 0, stderr: '' });
  const [{ runId, events }] = linesOf<{ runId: string; events: number }>(imported.stdout) as [
    { runId: string; events: number },
  ];
  expect(await allEvents(gateway.url, runId)).toHaveLength(events);

  const bad = join(folder, 'cut.json');
  await writeFile(bad, (await readFile(SAMPLES[0]!)).subarray(0, 500));
  const refused = await polyphony(['import', bad], settings);
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toMatch(/cut\.json:\n {2}\$: /);

  const doctor = await polyphony(['doctor', '--json'], settings);
  expect(JSON.parse(doctor.stdout)).toMatchObject({ postgres: { mode: 'embedded' }, runs: 1 });
});

test('a new epoch is begun through it', async () => {
  const epoch = async () =>
    (
      JSON.parse((await polyphony(['doctor', '--json'], settings)).stdout) as {
        feed: { epoch: number };
      }
    ).feed.epoch;
  const before = await epoch();
  const { code, stderr } = await polyphony(['doctor', '--new-epoch'], settings);
  expect(code).toBe(0);
  expect(stderr).toMatch(/epoch \d+ of the change feed has begun/);
  expect(await epoch()).toBeGreaterThan(before);
});

test('a second gateway on the folder ends with 3 and names the first', async () => {
  const { code, stderr } = await polyphony(['serve'], { ...settings, PORT: '0' });
  expect(code).toBe(3);
  expect(stderr).toContain(`serves ${gateway.url}`);
});

test('both samples replay as runs that queries show, and again as new runs', async () => {
  const how = ['--url', `${gateway.url}/graphql`, '--speed', 'max'];
  for (const round of [1, 2]) {
    const { code, stdout } = await polyphony(['replay', ...how, ...SAMPLES], {});
    expect(code).toBe(0);
    const lines = linesOf<Record<string, unknown>>(stdout);
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line).toEqual({
        runId: expect.any(String),
        workflow: expect.any(String),
        events: expect.any(Number),
        seconds: expect.any(Number),
        status: 'SUCCEEDED',
      });
      expect(await allEvents(gateway.url, line['runId'] as string)).toHaveLength(
        line['events'] as number,
      );
    }
    expect(await runCount()).toBe(1 + round * 2); // One was imported above.
  }
});

test('an interrupted replay ends with 130; --resume goes on with the same run and stores nothing twice', async () => {
  const how = ['--url', gateway.url]; // Without a path, as the gateway prints it.
  const first = await startPolyphony(['replay', ...how, '--speed', '20', SAMPLES[1]!], {});
  const runId = await runOf(first);
  await untilRun('some is stored', runId, ({ version }) => version >= 3);
  first.child.kill('SIGINT');
  expect((await first.finished).code).toBe(130);
  const stored = await allEvents(gateway.url, runId);

  const resumed = await polyphony(
    ['replay', ...how, '--speed', 'max', '--resume', runId, SAMPLES[1]!],
    {},
  );
  expect(resumed.code).toBe(0);
  const [line] = linesOf<{ runId: string; events: number }>(resumed.stdout);
  expect(line).toMatchObject({ runId, status: 'SUCCEEDED' });
  const whole = await allEvents(gateway.url, runId);
  expect(whole).toHaveLength(line!.events);
  expect(whole.length).toBeGreaterThan(stored.length);
  expect(whole.slice(0, stored.length)).toEqual(stored);
});

test('a replay obeys a pause and a cancel', async () => {
  const words = ['replay', '--url', `${gateway.url}/graphql`, '--speed', '50', SAMPLES[0]!];
  const replay = await startPolyphony(words, {});
  const runId = await runOf(replay);
  await untilRun('it runs', runId, ({ status }) => status === 'RUNNING');
  await tell('pauseRun', runId);
  await untilRun('it is paused', runId, ({ status }) => status === 'PAUSED');
  await tell('resumeRun', runId);
  await untilRun('it goes on', runId, ({ version }) => version >= 8);
  await tell('cancelRun', runId);
  const { code, stdout } = await replay.finished;
  expect(code).toBe(0);
  expect(linesOf(stdout)).toMatchObject([{ runId, status: 'CANCELED' }]);
  expect((await allEvents(gateway.url, runId)).at(-1)?.type).toBe('RUN_CANCELED');
});

/** The id of the run that a replay has begun, as it tells on stderr. */
async function runOf({ written }: Running): Promise<string> {
  const told = () => /: run (\S+)/.exec(written.stderr)?.[1];
  await until('the run is told', () => told() !== undefined);
  return told()!;
}

interface SeenRun {
  readonly status: string;
  readonly version: number;
}

async function untilRun(what: string, runId: string, holds: (run: SeenRun) => boolean) {
  await until(what, async () => {
    const query = '{ run(id: $id) { status version } }';
    const { run } = await asked<{ run: SeenRun }>(gateway.url, `query ($id: ID!) ${query}`, {
      id: runId,
    });
    return holds(run);
  });
}

async function tell(mutation: 'pauseRun' | 'resumeRun' | 'cancelRun', runId: string) {
  const field = `${mutation}(input: { runId: $id }) { ... on Run { status } ... on Refusal { code message } }`;
  await asked(gateway.url, `mutation ($id: ID!) { ${field} }`, { id: runId });
}

async function runCount(): Promise<number> {
  const { runs } = await asked<{ runs: { totalCount: number } }>(
    gateway.url,
    '{ runs { totalCount } }',
  );
  return runs.totalCount;
}
