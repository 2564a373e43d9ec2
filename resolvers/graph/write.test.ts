import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { binds, gene, graphSpace, type GraphSpace } from '../../e2e/kit/graph-space.ts';
import { newId } from '../keys.ts';

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let here: GraphSpace;
  beforeAll(async () => {
    database = await open();
  });
  beforeEach(async () => {
    here = await graphSpace(database);
  });
  afterAll(() => database.close());

  const nodes = () =>
    database.db.graphNode.findMany({ where: { workspaceId: here.id }, orderBy: { key: 'asc' } });
  const relations = () => database.db.graphRelation.findMany({ where: { workspaceId: here.id } });
  const did = (written: readonly { did: string }[]) => written.map((one) => one.did);

  test('what is not there is made, what is there is changed, by id or by kind and key', async () => {
    const id = newId();
    const [made, unlike] = (
      await here.write({ nodes: [gene('TP53'), gene('MYC', { id, name: 'Myc' })] })
    ).nodes;
    expect(unlike).toEqual({ id, did: 'CREATED' });
    const again = await here.write({
      nodes: [gene('TP53', { properties: { length: 393 } }), { id, name: 'c-Myc' }],
    });
    expect(again.nodes).toEqual([
      { id: made!.id, did: 'CHANGED' },
      { id, did: 'CHANGED' },
    ]);
    expect(await nodes()).toMatchObject([
      { key: 'MYC', name: 'c-Myc', properties: {} },
      { key: 'TP53', name: 'TP53', properties: { length: 393 } },
    ]);
  });

  test('a key may change, a kind does not', async () => {
    const [node] = (await here.write({ nodes: [gene('old')] })).nodes;
    await here.write({ nodes: [gene('new', { id: node!.id })] });
    expect(await nodes()).toMatchObject([{ key: 'new', name: 'old' }]);
    expect(await here.refusal({ nodes: [{ id: node!.id, kind: 'Drug' }] })).toMatchObject({
      issues: [{ path: 'nodes[0].kind', message: 'never changes: it is "Gene"' }],
    });
  });

  test('what stays as it was is not written', async () => {
    const writes = {
      nodes: [gene('a', { properties: { b: [1, null], a: 'x' } }), gene('b', { name: 'B' })],
      relations: [binds('a', 'b', { properties: { p: 0.5 } }), binds('b', 'b')],
    };
    await here.write(writes);
    const before = await here.stored();
    expect(before).toHaveLength(4);
    const again = await here.write({
      nodes: [gene('b'), gene('a', { properties: { a: 'x', b: [1, null] } })],
      relations: writes.relations.toReversed(),
    });
    expect(did([...again.nodes, ...again.relations])).toEqual(Array(4).fill('NOTHING'));
    expect(await here.stored()).toEqual(before);
  });

  test('of one kind there is one relation between two, and one more for each key', async () => {
    await here.write({ nodes: [gene('a'), gene('b')], relations: [binds('a', 'b')] });
    const written = await here.write({
      relations: [
        binds('a', 'b', { properties: { p: 1 } }),
        binds('a', 'b', { key: 'in yeast' }),
        binds('b', 'a'),
        binds('a', 'a'),
        { ...binds('a', 'b'), kind: 'inhibits' },
        binds('a', 'b', { id: newId() }),
      ],
    });
    expect(did(written.relations)).toEqual(['CHANGED', ...Array<string>(5).fill('CREATED')]);
    expect(await relations()).toHaveLength(6);
    const [first] = written.relations;
    const changed = await here.write({ relations: [{ id: first!.id, properties: { p: 2 } }] });
    expect(changed.relations).toEqual([{ id: first!.id, did: 'CHANGED' }]);
  });

  test('removals answer what was there; with a node go its relations', async () => {
    const { nodes: made, relations: tied } = await here.write({
      nodes: [gene('a'), gene('b'), gene('c')],
      relations: [binds('a', 'b'), binds('b', 'c'), binds('c', 'a')],
    });
    const gone = await here.write({
      removedNodes: [made[0]!.id, newId()],
      removedRelations: [tied[1]!.id, newId()],
    });
    expect(gone).toMatchObject({ removedNodes: [made[0]!.id], removedRelations: [tied[1]!.id] });
    expect(await nodes()).toHaveLength(2);
    expect(await relations()).toHaveLength(0);
  });

  test('a write is as many statements for a hundred as for one', async () => {
    const statements: string[][] = [];
    for (const count of [1, 10, 100]) {
      const keys = Array.from({ length: count }, (_, at) => `${count}-${at}`);
      await here.write({ nodes: keys.map((key) => gene(`old ${key}`)) });
      database.statements();
      const { nodes: made } = await here.write({
        nodes: keys.flatMap((key) => [gene(`old ${key}`, { name: 'New' }), gene(key)]),
        relations: keys.map((key) => binds(key, `old ${key}`)),
      });
      await here.write({ removedNodes: made.map(({ id }) => id) });
      statements.push(database.statements());
    }
    expect(statements[2]).toEqual([
      'graph.holdNodes',
      'graph.insertNodes',
      'graph.updateNodes',
      'graph.holdEnds',
      'graph.holdRelations',
      'graph.insertRelations',
      'graph.holdNodes',
      'graph.holdGoing',
      'graph.removeEntities',
    ]);
    expect(statements[0]).toEqual(statements[2]);
    expect(statements[1]).toEqual(statements[2]);
  });

  test('many who write the same at once make it once, and none meets a dead-lock', async () => {
    for (let wave = 0; wave < 6; wave += 1) {
      const keys = Array.from({ length: 60 }, (_, at) => `${wave}-${at}`);
      const rounds = Array.from({ length: 8 }, (_, round) => {
        const order = keys.toSorted((a, b) => weight(a, round) - weight(b, round));
        return here.write({
          nodes: order.map((key) => gene(key, { name: String(round) })),
          relations: order.map((key) => binds(key, keys[0]!, { properties: { round } })),
        });
      });
      const written = (await Promise.all(rounds)).flatMap((each) => [
        ...each.nodes,
        ...each.relations,
      ]);
      expect(written.filter((one) => one.did === 'CREATED')).toHaveLength(2 * keys.length);
      const made = (await nodes()).filter(({ key }) => key.startsWith(`${wave}-`));
      expect(made).toHaveLength(keys.length);
      expect(new Set(made.map(({ name }) => name)).size).toBe(1); // All of one of them, the last.
    }
  });

  /** Another order of the keys for each seed. */
  const weight = (key: string, seed: number) =>
    (Number(key.split('-')[1]) * 7_919 + seed * 104_729) % (61 + seed);
});
