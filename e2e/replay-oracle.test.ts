/** The shared recordings replayed through the public API, read back by its queries, against the oracle. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allEvents } from './kit/ask.ts';
import { EXPECTED, oracleHash, recordingPath, WHY_SKIPPED } from './kit/oracle.ts';
import { polyphony, startGatewayProcess, type GatewayProcess } from './kit/process.ts';

const PARALLEL = 2;

describe.skipIf(EXPECTED.length === 0)(`twenty recordings replayed${WHY_SKIPPED}`, () => {
  let folder: string;
  let gateway: GatewayProcess;
  const replayed = new Map<string, { runId: string; events: number; status: string }>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'polyphony-oracle-'));
    gateway = await startGatewayProcess({ DATA_DIR: join(folder, 'store') });
    const url = `${gateway.url}/graphql`;
    const how = ['--url', url, '--speed', 'max', '--parallel', String(PARALLEL)];
    const files = EXPECTED.map(({ file }) => recordingPath(file));
    const { code, stdout, stderr } = await polyphony(['replay', ...how, ...files]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    // Answers come as runs end; which run is of which file is told on stderr, as the runs begin.
    const fileOf = new Map(
      [...stderr.matchAll(/^(\S+): run (\S+)/gm)].map(([, file, runId]) => [runId!, file!]),
    );
    for (const line of stdout.trim().split('\n')) {
      const run = JSON.parse(line) as { runId: string; events: number; status: string };
      replayed.set(fileOf.get(run.runId)!, run);
    }
  }, 300_000);

  afterAll(async () => {
    await gateway.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test.each(EXPECTED)('$file equals the oracle', async ({ file, start, events, sha256 }) => {
    const run = replayed.get(file)!;
    expect(run).toMatchObject({ events: events + 1, status: 'SUCCEEDED' });
    const [queued, ...log] = await allEvents(gateway.url, run.runId);
    expect(queued).toMatchObject({ seq: 1, type: 'RUN_QUEUED' });
    expect(log).toHaveLength(events);
    expect(log[0]?.occurredAt).toBe(start);
    const told = log.map((event) => ({ ...event, occurredAt: new Date(event.occurredAt) }));
    expect(oracleHash(told)).toBe(sha256);
  });
});
