/** Every commit tells its followers by itself. No look comes within a test: what nobody told would never arrive. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { follower, NEVER_ms, type Follower } from '../../e2e/kit/changes.ts';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { addRuns, addVersion, call, event } from '../../e2e/kit/log-world.ts';
import { readSample } from '../../e2e/kit/samples.ts';
import { until } from '../../e2e/kit/until.ts';
import { contextOver } from '../../e2e/kit/world.ts';
import { openLocalBus } from '../../gateway/stores/bus-local.ts';
import { graphOverSql } from '../../gateway/stores/graph-sql.ts';
import { recordCheck, registerArtifact } from '../artifacts/commands.ts';
import type { LiveCtx } from '../context.ts';
import { openRunLog } from '../events/append/append.ts';
import type { RunLog } from '../events/log.ts';
import { importRecording } from '../recordings/import.ts';
import { addRunTags, cancelRun, startRun } from '../runs/commands.ts';
import { registerWorkflow } from '../runs/register.ts';
import { retryRun } from '../runs/retry.ts';
import { seedSmallWorld } from '../seed/small-world.ts';
import { statement } from '../sql.ts';
import type { LiveEvent } from './run/channel.ts';
import { openLive, type Live } from './live.ts';
import { followEvents } from './run/run-events.ts';

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let ctx: LiveCtx;
  let log: RunLog;
  /** Another gateway on the same database. */
  let far: Live;
  let here: Follower;
  let there: Follower;
  const close: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    const bus = openLocalBus();
    let near: Live | null = null;
    database = await open({ committed: (heads) => near?.announce(heads) });
    const graph = graphOverSql(database);
    const options = { heads_ms: NEVER_ms, graph, onError: () => undefined };
    const live = openLive(database.sql, bus, options);
    near = live;
    far = openLive(database.sql, bus, options);
    log = openRunLog(database.sql);
    ctx = { ...contextOver(database, { log }), live, resumeAfter: null };
    here = await follower(ctx);
    there = await follower({ ...ctx, live: far });
    close.push(() => here.stop());
    close.push(() => there.stop());
    close.push(() => log.close());
    close.push(() => live.close());
    close.push(() => far.close());
    close.push(() => database.close());
  });
  afterAll(async () => {
    for (const one of close) await one();
  });
  beforeEach(async () => {
    here.items.length = 0;
    there.items.length = 0;
  });

  const both = (what: string, holds: (items: Follower['items']) => boolean) =>
    until(what, () => holds(here.items) && holds(there.items));
  const has = (id: string, version: number) => (items: Follower['items']) =>
    items.some((item) => item.id === id && item.version === version);

  /** A run that is going, with an artifact. */
  async function aRun() {
    const version = await addVersion(database.sql, ['only']);
    const [runId] = await addRuns(database.sql, version, 1);
    const made = { outputs: [{ name: 'out', kind: 'file' }] };
    const { fence, version: seq } = await log.append(
      call(runId!, [
        event('RUN_STARTED'),
        event('STEP_STARTED', { stepKey: 'only' }),
        event('STEP_SUCCEEDED', { stepKey: 'only', payload: made }),
      ]),
    );
    return { ...version, runId: runId!, fence, seq };
  }

  /** Follows a run in the other gateway from its newest event. */
  async function eventsOf(runId: string, seen: number) {
    const source = await followEvents({ ...ctx, live: far }, { runId });
    const items: LiveEvent[] = [];
    const taking = (async () => {
      for await (const item of source) items.push(item);
    })();
    await until('it caught up', () => items.length === seen);
    const stop = async () => {
      await source.return?.();
      await taking;
    };
    return { types: () => items.slice(seen).map(({ type }) => type), stop };
  }

  test('an append is told to followers of the run and of the feed', async () => {
    const { runId, fence, seq } = await aRun();
    const events = await eventsOf(runId, seq);
    await log.append(
      call(runId, [event('LOG_APPENDED', { payload: { lines: ['a'] } })], { fence }),
    );
    await until('the event came', () => events.types().length > 0);
    await both('the change came', has(runId, seq + 1));
    await events.stop();
  });

  test('commands on a run are told to followers of the run and of the feed', async () => {
    const { runId, seq } = await aRun();
    const events = await eventsOf(runId, seq);
    await addRunTags(ctx, { runId, tags: ['seen'] });
    await until('the tags came', () => events.types().length === 1);
    await cancelRun(ctx, { runId });
    await until('the cancel came', () => events.types().length === 2);
    expect(events.types()).toEqual(['METADATA_UPDATED', 'RUN_CANCEL_REQUESTED']);
    await both('the change came', has(runId, seq + 2));
    await events.stop();
  });

  test("a judgement of a run's artifact is told to followers of the run", async () => {
    const { runId, seq } = await aRun();
    const events = await eventsOf(runId, seq);
    const [artifact] = await database.sql.query(ARTIFACT_OF, [runId]);
    await recordCheck(ctx, { artifactId: artifact!.id, name: 'sound', outcome: 'PASSED' });
    await until('the event came', () => events.types().length > 0);
    expect(events.types()).toEqual(['CHECK_EVALUATED']);
    await both('the run came', has(runId, seq + 1));
    await both('the artifact came', has(artifact!.id, 2));
    await events.stop();
  });

  test('what is registered, started, retried and imported is told', async () => {
    const steps = [{ key: 'only' }];
    const made = await registerWorkflow(ctx, { key: 'told', name: 'Told', kind: 'test', steps });
    await both('the workflow came', has(made.workflow.id, 1));
    const artifact = await registerArtifact(ctx, { name: 'set', kind: 'dataset' });
    await both('the artifact came', has(artifact.id, 1));
    const run = await startRun(ctx, { workflowId: made.workflow.id });
    await both('the started came', has(run.id, 1));
    await cancelRun(ctx, { runId: run.id });
    await both('its end came', has(run.id, 3));
    const again = await retryRun(ctx, { runId: run.id, mode: 'ALL' });
    await both('the retried came', has(again.id, 1));
    const imported = await importRecording(ctx, await readSample('mosaic'));
    await both('the imported came', has(imported.runId, imported.events));
  });

  test('a whole world that is seeded at once is told', async () => {
    const { runs } = await seedSmallWorld(ctx);
    const runsIn = (items: Follower['items']) =>
      new Set(items.filter(({ kind }) => kind === 'run').map(({ id }) => id)).size;
    await both('all runs came', (items) => runsIn(items) === runs);
  });

  test('what is rolled back is told to nobody', async () => {
    const { runId, seq } = await aRun();
    const events = await eventsOf(runId, seq);
    const undone = database.sql.transaction(async (tx) => {
      tx.appended(runId, seq + 1);
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    const { channel, leave } = await far.follow(runId);
    expect(channel.head).toBe(seq);
    leave();
    await events.stop();
  });
});

const ARTIFACT_OF = statement<{ id: string }>(
  'test.artifactOf',
  'SELECT id FROM artifact WHERE run_id = $1',
);
