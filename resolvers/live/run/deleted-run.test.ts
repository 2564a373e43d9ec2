/** A run that is deleted while it is followed: by retention, or by plain SQL. Its followers are told. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { addRuns, addVersion, call, event } from '../../../e2e/kit/log-world.ts';
import { contextOver } from '../../../e2e/kit/world.ts';
import { openLocalBus } from '../../../gateway/stores/bus-local.ts';
import { graphOverSql } from '../../../gateway/stores/graph-sql.ts';
import type { LiveCtx } from '../../context.ts';
import { openRunLog } from '../../events/append/append.ts';
import type { RunLog } from '../../events/log.ts';
import { openLive, type Live } from '../live.ts';
import { followEvents } from './run-events.ts';
import { followRun } from './run-state.ts';

const LOOK_ms = 50;
const NOT_THERE = { code: 'NOT_FOUND' };

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let log: RunLog;
  let live: Live;
  let ctx: LiveCtx;
  beforeAll(async () => {
    database = await open();
    log = openRunLog(database.sql);
    live = openLive(database.sql, openLocalBus(), {
      heads_ms: LOOK_ms,
      graph: graphOverSql(database),
      onError: () => undefined,
    });
    ctx = { ...contextOver(database, { log }), live, resumeAfter: null };
  });
  afterAll(async () => {
    await live.close();
    await log.close();
    await database.close();
  });

  async function aRun(): Promise<string> {
    const [runId] = await addRuns(database.sql, await addVersion(database.sql, ['only']), 1);
    await log.append(call(runId!, [event('RUN_STARTED')]));
    return runId!;
  }
  const remove = (runId: string) => database.pool.query('DELETE FROM run WHERE id = $1', [runId]);

  test('those that wait for news are told that it is gone, and nothing is followed any more', async () => {
    const runId = await aRun();
    const events = await followEvents(ctx, { runId });
    const { value } = await events.next();
    expect(value).toMatchObject({ seq: 1 });
    const state = await followRun(ctx, { runId });
    expect((await state.next()).value).toMatchObject({ type: 'SNAPSHOT' });
    const rest = (async () => {
      for await (const { seq } of events) expect(seq).toBe(2);
    })();
    const [ends] = await Promise.all([Promise.allSettled([rest, state.next()]), remove(runId)]);
    expect(ends).toMatchObject([
      { status: 'rejected', reason: NOT_THERE },
      { status: 'rejected', reason: NOT_THERE },
    ]);
    expect(live.counts()).toMatchObject({ runs: 0, followers: 0 });
  });

  test('a reader that was behind is told so too, and does not ask for its events for ever', async () => {
    const runId = await aRun();
    const { channel, leave } = await live.follow(runId);
    const events = await followEvents(ctx, { runId });
    await events.next();
    await events.next();
    channel.advance(channel.head + 1); // It was told of one more, and the log went away before it read.
    await remove(runId);
    await expect(events.next()).rejects.toMatchObject(NOT_THERE);
    leave();
  });
});
