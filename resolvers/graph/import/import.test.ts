import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { tableOf } from '../../../e2e/kit/tables.ts';
import { contextOver, otherViewer } from '../../../e2e/kit/world.ts';
import { Invalid } from '../../errors.ts';
import { LOCAL_VIEWER, type Viewer } from '../../policy.ts';
import { statement } from '../../sql.ts';
import { BATCH_MAX } from '../port.ts';
import { NAMED_NODES } from '../write-nodes.ts';
import { importTables } from './import.ts';
import { findEnds, settleGraph, writeImported, type ImportStore } from './store.ts';

const CITIES =
  'id,kind,name,people:int\nlon,city,London,9\npar,city,Paris,2\nuk,country,Britain,\n';
const ROADS = 'source,relation,target,miles:int\nlon,road,par,290\nlon,in,uk,\n';

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let viewer: Viewer;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  /** Each test has a workspace of its own. */
  async function fresh(): Promise<ImportStore> {
    viewer = await otherViewer(database);
    const ctx = contextOver(database, { viewer });
    return {
      find: (ends) => findEnds(ctx, ends),
      write: (batch) => writeImported(ctx, batch),
      settle: () => settleGraph(ctx),
    };
  }

  const run = (store: ImportStore, nodes: string, edges: string, more: object = {}) =>
    importTables(
      [tableOf('roads', edges, { edges: more }), tableOf('cities', nodes, { nodes: {} })],
      store,
    );

  /** What there is, and how many changes the feed tells of it. */
  const stored = () =>
    database.sql.query(
      statement<{ what: string; properties: object; version: number }>(
        'test.stored',
        `SELECT kind || ' ' || key || ' ' || name AS what, properties, version FROM graph_node WHERE workspace_id = $1
        UNION ALL SELECT f.key || ' ' || r.kind || ' ' || t.key, r.properties, r.version FROM graph_relation r
          JOIN graph_node f ON f.id = r.from_id JOIN graph_node t ON t.id = r.to_id WHERE r.workspace_id = $1
        ORDER BY what`,
      ),
      [viewer.workspaceId],
    );
  const changes = async () =>
    (
      await database.sql.query(
        statement<{ count: number }>(
          'test.changes',
          'SELECT count(*) AS count FROM change WHERE workspace_id = $1',
        ),
        [viewer.workspaceId],
      )
    )[0]!.count;

  test('tables become nodes and relations, in whatever order they are named', async () => {
    const store = await fresh();
    expect(await run(store, CITIES, ROADS)).toEqual([
      { name: 'cities', of: 'nodes', created: 3, changed: 0, unchanged: 0 },
      { name: 'roads', of: 'edges', created: 2, changed: 0, unchanged: 0 },
    ]);
    expect(await stored()).toEqual([
      { what: 'city lon London', properties: { people: 9 }, version: 1 },
      { what: 'city par Paris', properties: { people: 2 }, version: 1 },
      { what: 'country uk Britain', properties: {}, version: 1 },
      { what: 'lon in uk', properties: {}, version: 1 },
      { what: 'lon road par', properties: { miles: 290 }, version: 1 },
    ]);
    expect(await changes()).toBe(5);
  });

  test('the same again changes nothing: no version, no change told', async () => {
    const store = await fresh();
    await run(store, CITIES, ROADS);
    const before = await stored();
    expect(await run(store, CITIES, ROADS)).toEqual([
      { name: 'cities', of: 'nodes', created: 0, changed: 0, unchanged: 3 },
      { name: 'roads', of: 'edges', created: 0, changed: 0, unchanged: 2 },
    ]);
    expect(await stored()).toEqual(before);
    expect(await changes()).toBe(5);
  });

  test('what was edited is changed, what was added is made, what was removed stays', async () => {
    const store = await fresh();
    await run(store, CITIES, ROADS);
    const cities = CITIES.replace('Paris,2', 'Lutetia,1').replace('uk,country,Britain,\n', '');
    const roads = `${ROADS.replace('290', '291')}par,road,lon,290\n`;
    expect(await run(store, cities, roads)).toEqual([
      { name: 'cities', of: 'nodes', created: 0, changed: 1, unchanged: 1 },
      { name: 'roads', of: 'edges', created: 1, changed: 1, unchanged: 1 },
    ]);
    expect(await stored()).toEqual([
      { what: 'city lon London', properties: { people: 9 }, version: 1 },
      { what: 'city par Lutetia', properties: { people: 1 }, version: 2 },
      { what: 'country uk Britain', properties: {}, version: 1 },
      { what: 'lon in uk', properties: {}, version: 1 },
      { what: 'lon road par', properties: { miles: 291 }, version: 2 },
      { what: 'par road lon', properties: { miles: 290 }, version: 1 },
    ]);
  });

  test('edges are told apart by their key', async () => {
    const store = await fresh();
    const edges = 'id,from,to,kind\n1,lon,par,road\n2,lon,par,road\n';
    for (const created of [2, 0]) {
      expect(await run(store, CITIES, edges)).toMatchObject([
        {},
        { created, unchanged: 2 - created },
      ]);
    }
  });

  test('ends are looked for among the tables, then in the store, by kind where that is said', async () => {
    const store = await fresh();
    await run(store, `${CITIES}lon,person,Lon,\n`, 'from,to,kind\n');
    const edges = (text: string, more = {}) => [
      tableOf('e', `from,to,kind\n${text}`, { edges: more }),
    ];
    await expect(
      importTables(edges('lon,uk,in\nuk,rome,x\npar,uk,in\n'), store),
    ).rejects.toMatchObject({
      issues: [
        {
          path: 'e:2',
          message: expect.stringContaining('"lon" is the key of nodes of several kinds'),
        },
        { path: 'e:3', message: 'there is no node with the key "rome"' },
      ],
    });
    await importTables(edges('lon,uk,in\n', { fromKind: 'person' }), store);
    // Here the table says which one is meant.
    await run(store, CITIES, 'from,to,kind\nlon,uk,of\n');
    const between = await database.sql.query(
      statement<{ from: string; kind: string }>(
        'test.between',
        `SELECT f.kind AS from, r.kind FROM graph_relation r JOIN graph_node f ON f.id = r.from_id
        WHERE r.workspace_id = $1 ORDER BY r.kind`,
      ),
      [viewer.workspaceId],
    );
    expect(between).toEqual([
      { from: 'person', kind: 'in' },
      { from: 'city', kind: 'of' },
    ]);
  });

  test('of tables with an error nothing is stored, of none of the call', async () => {
    const store = await fresh();
    await expect(run(store, CITIES, `${ROADS}lon,road,nowhere,1\n`)).rejects.toThrow(
      'roads:4: there is no node with the key "nowhere"',
    );
    expect(await stored()).toEqual([]);
  });

  test("another workspace's nodes are no ends", async () => {
    await run(await fresh(), CITIES, ROADS);
    const edges = tableOf('e', 'from,to,kind\nlon,par,road\n', { edges: {} });
    await expect(importTables([edges], await fresh())).rejects.toThrow('e:2: there is no node');
  });

  test('a kind whose rows are kept elsewhere is refused at its line', async () => {
    const agents = tableOf('t', 'id,kind\na,thing\nb,Agent\n', { nodes: {} });
    const refused = importTables([agents], await fresh());
    await expect(refused).rejects.toThrow(Invalid);
    await expect(refused).rejects.toThrow(/t:3: kind agents are written by/);
    expect(await stored()).toEqual([]);
  });

  test('nodes are looked up by the index of keys, even of a table that nobody knows anything of', async () => {
    const empty = await open();
    try {
      const { rows } = await empty.pool.query<Record<string, string>>(
        `/* test.explain */ EXPLAIN (COSTS OFF) SELECT ${NAMED_NODES('$2', '$3', '$4')}`,
        [LOCAL_VIEWER.workspaceId, [], ['k'], ['a']],
      );
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(plan).toContain('graph_node_workspace_id_key_idx');
    } finally {
      await empty.close();
    }
  });

  test('a batch is whole or not at all, and a few statements whatever its size', async () => {
    const store = await fresh();
    const nodes = Array.from({ length: BATCH_MAX }, (_, at) => `n${at},k,\n`).join('');
    const edges = Array.from({ length: BATCH_MAX }, (_, at) => `n${at},r,n${at}\n`).join('');
    database.statements();
    await run(store, `id,kind,name\n${nodes}`, `from,kind,to\n${edges}`);
    expect(database.statements()).toEqual([
      'graph.holdNodes',
      'graph.insertNodes',
      'graph.holdEnds',
      'graph.holdRelations',
      'graph.insertRelations',
      'graphImport.cleanIndex',
      'graphImport.analyze',
      'graphImport.analyze',
    ]);
    const half = { kind: 'k', key: 'half', name: '', properties: {} };
    const end = { key: 'half', kind: 'k' };
    const bad = {
      kind: 'r',
      key: null,
      from: end,
      to: { key: 'none', kind: null },
      properties: {},
    };
    await expect(store.write({ nodes: [half], edges: [bad] })).rejects.toThrow(
      'edges[0].to: there is no node with the key "none"',
    );
    expect((await stored()).filter(({ what }) => what.includes('half'))).toEqual([]);
  });
});
