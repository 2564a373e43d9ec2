/** The live list of runs: what comes in, changes and goes, and that what a client holds is what a query says. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { addVersion, newRun } from '../../../e2e/kit/log-world.ts';
import { openListWorld, untilSame, type ListWorld } from '../../../e2e/kit/run-lists.ts';
import { until } from '../../../e2e/kit/until.ts';
import { otherViewer, seedArtifacts, seedRun } from '../../../e2e/kit/world.ts';
import type { Filter } from '../../filter.ts';
import { removeOldRuns } from '../../events/feed/retention.ts';

const RUNNING = { status: { eq: 'RUNNING' } };
const NONE: readonly string[] = [];

describe.each(DATABASES)('$name', ({ name, open }) => {
  let database: TestDatabase;
  let world: ListWorld;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    world = await openListWorld(database);
  });
  afterEach(() => world.close());

  /** Of this test's runs. */
  const own = (filter: Filter = {}) => ({
    filter: { ...filter, workflowId: { eq: world.version.workflowId } },
  });

  const sql = (text: string, values: unknown[] = []) =>
    database.pool.query(`/* test */ ${text}`, values);
  const idsOf = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id);

  test('a run comes in when it begins to match, changes while it does, and leaves when it ends', async () => {
    const [run = ''] = await world.queue(1);
    const follower = world.follow(own(RUNNING));
    await until('the snapshot', () => follower.items.length === 1);
    expect(follower.items[0]).toMatchObject({
      type: 'SNAPSHOT',
      reason: null,
      runs: [],
      counts: [],
    });

    await world.move(run, 'RUN_STARTED');
    await until('it is in', () => follower.held().runs.length === 1);
    await world.move(run, 'LOG_APPENDED');
    await until('its change', () => follower.held().runs[0] === `${run} 3`);
    await world.move(run, 'RUN_SUCCEEDED');
    await until('it is out', () => follower.held().runs.length === 0);

    const changes = follower.items.slice(1);
    expect(changes.every(({ type, reason }) => type === 'CHANGE' && reason === null)).toBe(true);
    expect(changes.flatMap(({ removed }) => removed)).toEqual([run]);
    await untilSame(world, own(RUNNING), follower);
  });

  test('a run that is removed for its age leaves, and the counters say so', async () => {
    const [run = '', kept = ''] = await world.queue(2);
    await world.move(run, 'RUN_STARTED');
    await world.move(run, 'RUN_SUCCEEDED');
    const follower = world.follow(own());
    await until('both', () => follower.held().runs.length === 2);
    const later = new Date(Date.now() + 60_000);
    expect(await database.sql.transaction((tx) => removeOldRuns(tx, later, 10))).toBeGreaterThan(0);
    await until('one', () => follower.held().runs.length === 1);
    expect(follower.items.at(-1)?.removed ?? NONE).toEqual([run]);
    await until('counters', () => follower.held().counts['SUCCEEDED'] === undefined);
    expect(follower.held()).toEqual({ runs: [`${kept} 1`], counts: { QUEUED: 1 } });
  });

  test('the list holds its size: newer runs push out, and what lies behind moves up', async () => {
    const runs = await world.queue(6);
    for (const run of runs) await world.move(run, 'RUN_STARTED');
    const asked = { ...own(RUNNING), first: 3 };
    const follower = world.follow(asked);
    await untilSame(world, asked, follower);
    expect(follower.held().runs).toHaveLength(3);
    expect(follower.held().counts).toEqual({ RUNNING: 6 });

    await world.move(runs[5]!, 'RUN_SUCCEEDED');
    await untilSame(world, asked, follower);
    expect(follower.items.at(-1)?.type).toBe('CHANGE');
    expect(follower.held().runs[2]).toMatch(runs[2]!);

    const [newer = ''] = await world.queue(1);
    await world.move(newer, 'RUN_STARTED');
    await untilSame(world, asked, follower);
    expect(follower.held().runs[0]).toMatch(newer);
    expect(follower.items.flatMap(({ removed }) => removed)).toEqual([runs[5], runs[2]]);
    await world.move(runs[0]!, 'RUN_SUCCEEDED'); // Behind the list.
    await until('counters', () => follower.held().counts['RUNNING'] === 5);
    expect(follower.items.at(-1)).toMatchObject({ type: 'CHANGE', runs: [], removed: [] });
  });

  test('a list of size 0 is counters only', async () => {
    const follower = world.follow({ ...own(), first: 0 });
    await world.queue(3);
    await until('three', () => follower.held().counts['QUEUED'] === 3);
    expect(follower.items.flatMap(({ runs, removed }) => [...runs, ...removed])).toEqual([]);
  });

  test('a workflow that is renamed takes its runs in or out, by one item', async () => {
    const other = await addVersion(database.sql, ['only']);
    const runs = await world.queue(3);
    await world.queue(2, other);
    const filter = { workflow: { name: { eq: 'renamed' } } };
    const follower = world.follow({ filter });
    await until('the snapshot', () => follower.items.length === 1);
    await sql(`UPDATE workflow SET name = 'renamed' WHERE id = $1`, [world.version.workflowId]);
    await until('its runs', () => follower.held().runs.length === 3);
    await sql(`UPDATE workflow SET name = 'back' WHERE id = $1`, [world.version.workflowId]);
    await until('none', () => follower.held().runs.length === 0);
    const [, inward] = follower.items;
    expect(inward?.type).toBe('CHANGE');
    expect(idsOf(inward!.runs).toSorted()).toEqual(runs.toSorted());
    expect(follower.items.flatMap(({ removed }) => removed).toSorted()).toEqual(runs.toSorted());
  });

  test('an artifact that is judged takes its run in, also without an event of the run', async () => {
    const [run = ''] = await world.queue(1);
    const [artifact] = await seedArtifacts(database, [{ runId: run, name: 'report' }]);
    const follower = world.follow(own({ artifacts: { some: { quality: { gte: 0.5 } } } }));
    await until('the snapshot', () => follower.items.length === 1);
    await sql('UPDATE artifact SET quality = 0.9 WHERE id = $1', [artifact]);
    await until('it is in', () => follower.held().runs.length === 1);
    await sql('UPDATE artifact SET quality = 0.1 WHERE id = $1', [artifact]);
    await until('it is out', () => follower.held().runs.length === 0);
    expect(follower.items.every(({ counts }) => counts.length <= 1)).toBe(true);
  });

  test('a filter through other runs is right as well: of the same workflow, and of retries', async () => {
    const [first = '', second = ''] = await world.queue(2);
    const sibling = world.follow(own({ workflow: { runs: { some: RUNNING } } }));
    const retried = world.follow(own({ retries: { some: RUNNING } }));
    await until('the snapshots', () => sibling.items.length * retried.items.length === 1);
    await sql('UPDATE run SET retry_of = $1 WHERE id = $2', [first, second]);
    await world.move(second, 'RUN_STARTED');
    await until('both', () => sibling.held().runs.length === 2);
    await until('the one', () => retried.held().runs.length === 1);
    await world.move(second, 'RUN_SUCCEEDED');
    await until('none', () => sibling.held().runs.length + retried.held().runs.length === 0);
  });

  test('runs of another workspace are never seen, nor their ids', async () => {
    const stranger = await otherViewer(database);
    const mine = world.follow({});
    const theirs = world.follow({}, { viewer: stranger });
    await until('the snapshots', () => mine.items.length * theirs.items.length === 1);
    const run = await seedRun(database, ['only'], { viewer: stranger });
    await sql(
      `INSERT INTO run_event (run_id, seq, event_id, type, occurred_at, actor)
      VALUES ($1, 1, $1, 'RUN_QUEUED', now(), 'gateway')`,
      [run],
    );
    await until('theirs', () => theirs.held().runs.length === 1);
    await sql('DELETE FROM run WHERE id = $1', [run]);
    await until('gone', () => theirs.held().runs.length === 0);
    const [here = ''] = await world.queue(1);
    await untilSame(world, {}, mine);
    expect(JSON.stringify(mine.items)).not.toContain(run);
    expect(JSON.stringify(theirs.items)).not.toContain(here);
    expect(theirs.items.at(-1)?.removed).toEqual([run]);
  });

  test.runIf(name === 'postgres')(
    'what commits late comes when it commits, behind newer changes',
    async () => {
      const follower = world.follow(own());
      const late = newRun(world.version);
      const client = await database.pool.connect();
      await client.query('BEGIN');
      await client.query(
        `INSERT INTO run (id, workspace_id, workflow_id, workflow_version_id, version, created_at)
      VALUES ($1, $2, $3, $4, 1, $5)`,
        [late.id, late.workspaceId, late.workflowId, late.workflowVersionId, late.createdAt],
      );
      await client.query(
        `INSERT INTO run_event (run_id, seq, event_id, type, occurred_at, actor)
      VALUES ($1, 1, $2, 'RUN_QUEUED', $3, 'gateway')`,
        [late.id, late.eventId, late.createdAt],
      );
      const [early = ''] = await world.queue(1);
      await until('the early one', () => follower.held().runs.length === 1);
      expect(follower.held().runs).toEqual([`${early} 1`]);
      await client.query('COMMIT');
      client.release();
      await until('the late one', () => follower.held().runs.length === 2);
      await untilSame(world, own(), follower);
    },
  );
});
