/** `polyphony watch` as a process, beside a gateway that is killed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WatchedUpdate } from '../gateway/cli/run-view.ts';
import { asked } from './kit/ask.ts';
import {
  linesOf,
  polyphony,
  startGatewayProcess,
  startPolyphony,
  type GatewayProcess,
} from './kit/process.ts';
import { steadyWorker } from './kit/steady-worker.ts';
import { until } from './kit/until.ts';
import { newWorker } from './kit/worker.ts';

let folder: string;
let gateway: GatewayProcess;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'polyphony-watch-'));
  gateway = await startGatewayProcess({ DATA_DIR: join(folder, 'store') });
});
afterAll(async () => {
  await gateway.stop();
  await rm(folder, { recursive: true, force: true });
});

const watching = (runId: string, ...more: string[]) =>
  startPolyphony(['watch', runId, '--url', `${gateway.url}/graphql`, ...more]);

test('it shows what happens through a kill of the gateway, and ends with 0 when the run succeeded', async () => {
  const { runId } = await newWorker(gateway.url);
  const worker = steadyWorker(gateway.url, runId);
  const { written, finished } = await watching(runId);
  await until('the first state', () => written.stdout.includes('QUEUED'));
  await worker.start();
  await until('the start', () => written.stdout.includes('only  RUNNING'));
  await gateway.kill();
  await until('it waits', () => written.stderr.includes('waiting for the gateway'));
  await gateway.restart();
  await worker.finish();
  const { code, stdout } = await finished;
  expect(code).toBe(0);
  const told = stdout.split('\n').map((line) => line.replace(/^[\d:]{8} {2}/, ''));
  expect(told).toEqual([
    'Watched  QUEUED  0 of 1 steps',
    'only  RUNNING',
    'Watched  RUNNING  0 of 1 steps',
    'only  SUCCEEDED',
    'Watched  SUCCEEDED  1 of 1 steps',
    '',
  ]);
});

test('as JSON it prints each item, never an older one, and ends with 1 when the run did not succeed', async () => {
  const { runId } = await newWorker(gateway.url);
  const worker = steadyWorker(gateway.url, runId);
  const { written, finished } = await watching(runId, '--json');
  await until('the snapshot', () => written.stdout.includes('SNAPSHOT'));
  await worker.start();
  await worker.progress(3);
  await asked(gateway.url, CANCEL, { runId });
  await worker.cancel();
  const { code, stdout } = await finished;
  expect(code).toBe(1);
  const updates = linesOf<WatchedUpdate>(stdout);
  const versions = updates.map(({ run }) => run.version);
  expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
  expect(updates[0]).toMatchObject({ type: 'SNAPSHOT', run: { status: 'QUEUED' } });
  expect(updates.at(-1)).toMatchObject({ type: 'CHANGE', run: { status: 'CANCELED' } });
});

const CANCEL = `mutation ($runId: ID!) {
  cancelRun(input: { runId: $runId }) { ... on Run { status } ... on Refusal { code message } }
}`;

test('a run that has ended is shown once', async () => {
  const { runId } = await newWorker(gateway.url);
  const worker = steadyWorker(gateway.url, runId);
  await worker.start();
  await worker.finish();
  const { code, stdout } = await polyphony(['watch', runId, '--url', `${gateway.url}/graphql`]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/only {2}SUCCEEDED\n.*Watched {2}SUCCEEDED {2}1 of 1 steps\n$/);
});

test('a run that is not there, and what is no id, end it with 2; Ctrl-C with 130', async () => {
  for (const [run, words] of [
    ['00000000-0000-7000-8000-00000000dead', 'was not found'],
    ['no-id', 'id'],
  ] as const) {
    const { code, stderr } = await polyphony(['watch', run, '--url', `${gateway.url}/graphql`]);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  }
  const { runId } = await newWorker(gateway.url);
  const { child, written, finished } = await watching(runId);
  await until('it shows the run', () => written.stdout.includes('QUEUED'));
  child.kill('SIGINT');
  expect(await finished).toMatchObject({ code: 130, stderr: 'interrupted\n' });
});
