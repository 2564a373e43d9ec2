import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { binds, gene, graphSpace, type GraphSpace } from '../../e2e/kit/graph-space.ts';
import { Conflict, Invalid, Limited, NotFound } from '../errors.ts';
import { newId } from '../keys.ts';
import { BATCH_MAX } from './port.ts';
import type { GraphWrites, WriteOptions } from './write.ts';

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let here: GraphSpace;
  let there: GraphSpace;
  beforeAll(async () => {
    database = await open();
  });
  beforeEach(async () => {
    here = await graphSpace(database);
    there = await graphSpace(database);
  });
  afterAll(() => database.close());

  const refusal: GraphSpace['refusal'] = (...write) => here.refusal(...write);
  const issues = async (writes: GraphWrites, options?: WriteOptions) => {
    const error = await refusal(writes, options);
    expect(error).toBeInstanceOf(Invalid);
    return (error as Invalid).issues.map(({ path, message }) => `${path}: ${message}`);
  };

  test('each fault is told at its path, and nothing is written', async () => {
    const [a] = (await here.write({ nodes: [gene('a')] })).nodes;
    const paths = { nodes: 'input.entities', relations: 'input.relations' };
    expect(
      await issues(
        {
          nodes: [
            gene('new'),
            { kind: 'Gene' },
            { key: 'x', id: newId() },
            gene(''),
            gene('a\0b', { name: 'half \ud800' }),
            gene('c', { id: 'C' }),
            gene('new'),
            { ...gene('d'), kind: 'k'.repeat(101), properties: [] as never },
          ],
          relations: [
            { kind: 'binds', from: gene('a') },
            binds('a', 'a', { id: newId(), key: 'x' }),
            { ...binds('a', 'a'), to: { id: newId(), kind: 'Gene', key: 'a' } },
          ],
          removedNodes: ['x'],
        },
        { paths },
      ),
    ).toEqual([
      'input.entities[1]: needs an id, or kind and key',
      'input.entities[2].kind: must be given with a key',
      'input.entities[3].key: must not be empty',
      'input.entities[4].key: must not hold a NUL character',
      'input.entities[4].name: must not hold half of a surrogate pair',
      'input.entities[5].id: must be a uuid in lower case',
      'input.entities[6]: is the same as input.entities[0]',
      'input.entities[7].kind: may be at most 100 characters',
      'input.entities[7].properties: must be an object',
      'input.relations[0]: needs an id, or kind, from and to',
      'input.relations[1].key: must not be given with an id',
      'input.relations[2].to: must be an id, or kind and key',
      'removedNodes[0]: must be a uuid in lower case',
    ]);
    expect(
      await issues({
        nodes: [gene('b')],
        relations: [
          binds('a', 'b'),
          { kind: 'binds', from: { id: a!.id }, to: gene('b') },
          binds('a', 'nothing'),
          binds('nothing', 'b'),
        ],
      }),
    ).toEqual([
      'relations[1]: is the same as relations[0]',
      'relations[2].to: leads to an entity that is not there',
      'relations[3].from: leads from an entity that is not there',
    ]);
    expect(await issues({ nodes: [gene('a', { id: newId() })] })).toEqual([
      'nodes[0].key: is of another entity of its kind',
    ]);
    expect(await issues({ nodes: [gene('a'), { id: a!.id, name: 'A' }] })).toEqual([
      'nodes[1]: is the same as nodes[0]',
    ]);
  });

  test('a relation keeps its kind and its ends', async () => {
    const { relations: made } = await here.write({
      nodes: [gene('a'), gene('b')],
      relations: [binds('a', 'b')],
    });
    expect(
      await issues({ relations: [{ id: made[0]!.id, kind: 'x', from: gene('b'), to: gene('b') }] }),
    ).toEqual([
      'relations[0].kind: never changes: it is "binds"',
      expect.stringMatching(/^relations\[0\]\.from: never changes: it is "/),
    ]);
  });

  test("what is another workspace's is not there, and stays as it is", async () => {
    const theirs = await there.write({
      nodes: [gene('a'), gene('b')],
      relations: [binds('a', 'b')],
    });
    const [a, b] = theirs.nodes.map(({ id }) => id) as [string, string];
    const relation = theirs.relations[0]!.id;
    await here.write({ nodes: [gene('a')] });
    expect(await issues({ nodes: [gene('c', { id: a })] })).toEqual([
      `nodes[0].id: ${a} is not free`,
    ]);
    expect(await refusal({ nodes: [{ id: a, expectedVersion: 9 }] })).toBeInstanceOf(NotFound);
    expect(await refusal({ relations: [{ id: relation }] })).toBeInstanceOf(NotFound);
    expect(await issues({ relations: [binds('a', 'a', { id: relation })] })).toEqual([
      `relations[0].id: ${relation} is not free`,
    ]);
    expect(
      await issues({ relations: [binds('a', 'b'), binds('a', 'a', { to: { id: b } })] }),
    ).toEqual([
      'relations[0].to: leads to an entity that is not there',
      'relations[1].to: leads to an entity that is not there',
    ]);
    const gone = await here.write({ removedNodes: [a], removedRelations: [relation] });
    expect(gone).toMatchObject({ removedNodes: [], removedRelations: [] });
    expect(await database.db.graphRelation.count({ where: { workspaceId: there.id } })).toBe(1);
  });

  test('an expected version is kept to', async () => {
    const { nodes: made, relations: tied } = await here.write({
      nodes: [gene('a', { expectedVersion: null })],
      relations: [binds('a', 'a')],
    });
    await here.write({
      nodes: [{ id: made[0]!.id, name: 'A', expectedVersion: 1 }],
      relations: [{ id: tied[0]!.id, expectedVersion: 1 }],
    });
    for (const writes of [
      { nodes: [gene('a', { expectedVersion: 7 })] },
      { nodes: [gene('b', { expectedVersion: 1 })] },
      { relations: [binds('a', 'a', { expectedVersion: 7 })] },
    ]) {
      expect(await refusal(writes)).toBeInstanceOf(Conflict);
    }
  });

  test('kinds that others keep are not written, and nodes of such not removed', async () => {
    const keptKinds = {
      nodes: new Map([['Gene', 'is kept']]),
      relations: new Map([['binds', 'is kept, too']]),
    };
    const { nodes: made, relations: tied } = await here.write({
      nodes: [gene('a')],
      relations: [binds('a', 'a')],
    });
    const [node, relation] = [made[0]!.id, tied[0]!.id];
    const writes = { nodes: [gene('b'), { id: node, name: 'A' }, { kind: 'x', key: 'x' }] };
    expect(await issues(writes, { keptKinds })).toEqual([
      'nodes[0].kind: is kept',
      'nodes[1].kind: is kept',
    ]);
    const again = {
      relations: [binds('a', 'a', { key: 'other' }), { id: relation, properties: {} }],
    };
    expect(await issues(again, { keptKinds })).toEqual([
      'relations[0].kind: is kept, too',
      'relations[1]: is kept, too',
    ]);
    expect(await issues({ removedNodes: [node] }, { keptKinds })).toEqual([
      'removedNodes[0]: is kept',
    ]);
    const gone = await here.write({ removedRelations: [relation] }, { keptKinds });
    expect(gone.removedRelations).toEqual([relation]);
  });

  test('a batch holds a thousand and not one more', async () => {
    const many = Array.from({ length: BATCH_MAX }, (_, at) => gene(String(at)));
    expect(await refusal({ nodes: many, removedNodes: [newId()] })).toBeInstanceOf(Limited);
    expect((await here.write({ nodes: many })).nodes).toHaveLength(BATCH_MAX);
    expect(await refusal({ nodes: [{ id: newId() }] })).toBeInstanceOf(NotFound);
    expect(await refusal({ relations: [{ id: newId() }] })).toBeInstanceOf(NotFound);
  });
});
