/** What a live network costs, what its followers are told, and when they start over. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import {
  openNetworkWorld,
  untilSameNetwork,
  type NetworkFollower,
  type NetworkWorld,
} from '../../../e2e/kit/live-networks.ts';
import { until } from '../../../e2e/kit/until.ts';
import { otherViewer } from '../../../e2e/kit/world.ts';
import { newEpoch } from '../../events/feed/epoch.ts';
import { removeOldChanges } from '../../events/feed/retention.ts';
import { writeGraph } from '../../graph/write.ts';
import { globalId, newId } from '../../keys.ts';
import { followGraph, LIVE_NETWORK_LIMITS, type FollowGraph } from './graph-changes.ts';
import type { GraphUpdate } from './network-items.ts';

describe.each(DATABASES)('$name', ({ name, open }) => {
  let database: TestDatabase;
  let world: NetworkWorld;
  /** A line of four: 0 → 1 → 2 → 3, and 4 apart. */
  let ids: string[];
  let relationIds: string[];
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    world = await openNetworkWorld(database);
    ids = Array.from({ length: 5 }, () => newId());
    const made = await world.write({
      nodes: ids.map((id) => ({ id, kind: 'thing', key: id })),
      relations: [0, 1, 2].map((at) => leads(at, at + 1)),
    });
    relationIds = made.relations.map(({ id }) => id);
  });
  afterEach(() => world.close());

  const leads = (from: number, to: number) => ({
    kind: 'leads',
    from: { id: ids[from]! },
    to: { id: ids[to]! },
  });
  const near = (more: Partial<FollowGraph> = {}): FollowGraph => ({
    roots: [ids[0]!],
    depth: 2,
    direction: 'OUT',
    ...more,
  });
  const touch = (at: number) =>
    world.write({ nodes: [{ id: ids[at]!, properties: { at: Math.random() } }] });
  const entity = (at: number) => globalId('Entity', ids[at]!);
  const relation = (at: number) => globalId('EntityRelation', relationIds[at]!);
  const count = (names: readonly string[]) => (wanted: string) =>
    names.filter((one) => one === wanted).length;

  async function here(...followers: NetworkFollower[]) {
    await until('all have the snapshot', () => followers.every(({ items }) => items.length > 0));
    return followers;
  }

  test('what comes, changes and goes is told once, with what is beyond', async () => {
    const [follower] = await here(world.follow(near()));
    const cut = { by: 'DEPTH', at: 2 };
    expect(follower!.items[0]).toMatchObject({ type: 'SNAPSHOT', reason: null, removed: [], cut });
    expect([...follower!.held().rows.keys()].toSorted()).toEqual(
      [entity(0), entity(1), entity(2), relation(0), relation(1)].toSorted(),
    );
    await touch(1);
    await until('the change', () => follower!.items.length === 2);
    await world.write({ relations: [leads(1, 4)] });
    await until('what came', () => follower!.items.length === 3);
    await world.write({ removedNodes: [ids[2]!] });
    await untilSameNetwork(world, near(), follower!);
    const [, changed, came, went] = follower!.items;
    expect(changed).toMatchObject({ type: 'CHANGE', entities: [{ id: ids[1] }], relations: [] });
    expect(came).toMatchObject({ entities: [{ id: ids[4] }], relations: [{ toId: ids[4] }] });
    expect(went).toMatchObject({ entities: [], relations: [], cut: null });
    expect(went!.removed.toSorted()).toEqual([entity(2), relation(1)].toSorted());
    expect(follower!.items).toHaveLength(4);
  });

  test.each([1, 50])('%i followers of a network cost one walk per change', async (size) => {
    database.statements();
    const followers = await here(...Array.from({ length: size }, () => world.follow(near())));
    expect(count(database.statements())('graph.network')).toBe(1);
    for (let change = 1; change <= 5; change += 1) {
      await touch(1);
      await until('all have it', () => followers.every(({ items }) => items.length === change + 1));
    }
    expect(count(database.statements())('graph.network')).toBe(5);
    const [first, ...others] = followers;
    for (const other of others) {
      expect(other.items.every((item, at) => item === first!.items[at])).toBe(true);
    }
  });

  test('a change that cannot touch the network costs it no walk', async () => {
    const [follower] = await here(world.follow(near({ depth: 3, relationKinds: ['leads'] })));
    const other = await otherViewer(database);
    database.statements();
    await touch(4); // Apart.
    await world.write({ relations: [leads(4, 4), { ...leads(4, 0), kind: 'leads' }] }); // Not walked from 0.
    await world.write({ relations: [{ ...leads(0, 4), kind: 'likes' }] }); // Of another kind.
    await world.write({ removedNodes: [ids[4]!] });
    await database.sql.transaction((tx) =>
      writeGraph(tx, other.workspaceId, { nodes: [{ kind: 'thing', key: 'theirs' }] }),
    );
    await touch(3); // The first that does.
    await until('it came', () => follower!.items.length === 2);
    const names = count(database.statements());
    expect(names('graph.network')).toBe(1);
    expect(names('graph.relationEnds')).toBeLessThanOrEqual(names('feed.page'));
  });

  test('a relation made again by the same id is taken out and put in, whatever its version', async () => {
    const [fast] = await here(world.follow(near()));
    const slow = (await followGraph(world.ctx, near()))[Symbol.asyncIterator]();
    await slow.next();
    const id = relationIds[0]!;
    await world.write({ removedRelations: [id] });
    await world.write({ relations: [{ ...leads(0, 1), id, properties: { made: 'again' } }] });
    await untilSameNetwork(world, near(), fast!);
    const { value } = await slow.next();
    // Should both have looked in between, then what is behind it went and came as well.
    const { relations, removed } = value as GraphUpdate;
    expect(relations.find((one) => one.id === id)).toMatchObject({ properties: { made: 'again' } });
    expect(removed).toContain(relation(0));
    await slow.return?.();
  });

  test('a slow reader gets one item with the newest of all that changed', async () => {
    const slow = (await followGraph(world.ctx, near()))[Symbol.asyncIterator]();
    await slow.next();
    for (let times = 0; times < 5; times += 1) await touch(0);
    await touch(1);
    const { value } = await slow.next();
    expect(value).toMatchObject({ type: 'CHANGE', entities: [{ version: 6 }, { version: 2 }] });
    await slow.return?.();
  });

  test('who comes again gets what changed; where things came or went, a snapshot that says so', async () => {
    const [before] = await here(world.follow(near()));
    await before!.stop();
    await touch(1);
    const [after] = await here(world.resume(before!, near()));
    expect(after!.items[0]).toMatchObject({ type: 'CHANGE', entities: [{ id: ids[1] }] });
    await after!.stop();
    await world.write({ relations: [leads(0, 4)] });
    const [again] = await here(world.resume(after!, near()));
    expect(again!.items[0]).toMatchObject({
      type: 'SNAPSHOT',
      reason: expect.stringMatching(/came or went/),
    });
    await again!.stop();
    const quiet = world.resume(again!, near());
    await touch(0);
    await untilSameNetwork(world, near(), quiet);
    // Twice when it was read before, and told of, while it came.
    expect(new Set(quiet.items.map(({ type }) => type))).toEqual(new Set(['CHANGE']));
  });

  test('a cursor of another epoch, or older than what is kept, is a snapshot with a reason', async () => {
    const [old] = await here(world.follow(near()));
    await old!.stop();
    await touch(0);
    await touch(1);
    const later = new Date(Date.now() + 60_000);
    await until('all but the newest are removed', async () => {
      await database.sql.transaction((tx) => removeOldChanges(tx, later, 10_000));
      const { rows } = await database.pool.query('/* test */ SELECT FROM change');
      return rows.length === 1; // Transactions of others on the server hold it up.
    });
    const [expired] = await here(world.resume(old!, near()));
    const reason = (text: RegExp) => ({ type: 'SNAPSHOT', reason: expect.stringMatching(text) });
    expect(expired!.items[0]).toMatchObject(reason(/no longer kept/));
    await newEpoch(database.sql);
    const [after] = await here(world.resume(old!, near()));
    await until('who was here starts over', () => expired!.items.length === 2);
    expect(after!.items[0]).toMatchObject(reason(/new epoch/));
    expect(expired!.items[1]).toMatchObject(reason(/new epoch/));
    await touch(0);
    await untilSameNetwork(world, near(), after!, expired!);
  });

  // Embedded there is one session: while a transaction is open everybody waits.
  test.skipIf(name === 'embedded')('what commits late comes, and holds nothing up', async () => {
    const [follower] = await here(world.follow(near()));
    const client = await database.pool.connect();
    await client.query('/* test */ BEGIN');
    await client.query(`/* test */ UPDATE graph_node SET name = 'late' WHERE id = $1`, [ids[1]]);
    await touch(0);
    await until('the one that committed came', () => follower!.items.length === 2);
    await client.query('/* test */ COMMIT');
    client.release();
    await until('the late one came', () => follower!.items.length === 3);
    expect(follower!.items[2]).toMatchObject({ entities: [{ id: ids[1], name: 'late' }] });
    await untilSameNetwork(world, near(), follower!);
  });

  test('a root that is not there yet comes when it is made; another workspace sees none of it', async () => {
    const id = newId();
    const asked = near({ roots: [id] });
    const viewer = await otherViewer(database);
    const [own, theirs] = await here(world.follow(asked), world.follow(near(), { viewer }));
    expect(own!.items[0]).toMatchObject({ entities: [], relations: [], cut: null });
    expect(theirs!.items[0]).toMatchObject({ entities: [], relations: [] });
    await world.write({ nodes: [{ id, kind: 'thing', key: 'late' }] });
    await until('it came', () => own!.items.length === 2);
    expect(own!.items[1]).toMatchObject({ entities: [{ id }] });
  });

  test('each bound is kept at it and refused one past it, before the first item', async () => {
    const { roots_max, depth_max, first } = LIVE_NETWORK_LIMITS;
    const roots = Array.from({ length: roots_max + 1 }, () => newId());
    const most = { roots: roots.slice(1), depth: depth_max, first: first.max };
    const source = await followGraph(world.ctx, near(most));
    await source.return?.();
    const refused = async (more: Partial<FollowGraph>) =>
      followGraph(world.ctx, near(more)).then(
        () => null,
        (error: { code: string }) => error.code,
      );
    expect(await refused({ roots })).toBe('LIMITED');
    expect(await refused({ depth: depth_max + 1 })).toBe('LIMITED');
    expect(await refused({ first: first.max + 1 })).toBe('INVALID');
    const invalid = [{ roots: [] }, { roots: ['x'] }, { depth: 0 }, { first: 0 }, { after: 'x' }];
    for (const less of invalid) expect(await refused(less)).toBe('INVALID');
    const [follower] = await here(world.follow(near()));
    expect(await refused({ after: follower!.cursor(), depth: 3 })).toBe('INVALID');
    const kinds = Array.from({ length: 101 }, (_, at) => String(at));
    expect(await refused({ relationKinds: kinds })).toBe('LIMITED');
  });
});
