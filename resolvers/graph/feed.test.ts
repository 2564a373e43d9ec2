/** What followers hear of entities and relations: the triggers of the migration, asked by writes of every kind. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { drain } from '../../e2e/kit/feed.ts';
import { otherViewer } from '../../e2e/kit/world.ts';
import { aNode, aRelation } from '../../gateway/stores/graph.contract.ts';
import { graphOverSql } from '../../gateway/stores/graph-sql.ts';
import { openFeed, type Feed } from '../events/feed/feed.ts';

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let feed: Feed;
  beforeAll(async () => {
    database = await open();
    feed = openFeed(database.sql);
  });
  afterAll(() => database.close());

  /** A workspace with a → b and a loop of a, and what followers hear of some work on it. */
  async function aPair() {
    const { workspaceId } = await otherViewer(database);
    const graph = graphOverSql(database);
    const [a, b] = [aNode(), aNode()];
    const [ab, aa] = [aRelation(a, b), aRelation(a, a)];
    await graph.write(workspaceId, { nodes: [a, b], relations: [ab, aa] });
    const heard = async (work: () => Promise<unknown>) => {
      const start = await feed.first();
      await work();
      const { changes } = await drain(feed, start, 1_000, { workspaceId });
      return changes
        .map(({ kind, id, version, gone }) => `${kind} ${id} ${version}${gone ? ' gone' : ''}`)
        .toSorted();
    };
    const sql = (text: string, values: unknown[] = []) =>
      heard(() => database.pool.query(text, values));
    return { workspaceId, graph, a, b, ab, aa, heard, sql };
  }

  test('each write of the graph is one change for each row that it touched', async () => {
    const { workspaceId, graph, a, b, ab, aa, heard } = await aPair();
    const c = aNode();
    const nodes = [c, { ...a, version: 5, name: 'new' }, { ...b, name: 'as old' }];
    const relations = [{ ...ab, version: 2, toId: c.id }, aa];
    expect(await heard(() => graph.write(workspaceId, { nodes, relations }))).toEqual([
      ...[`entity ${a.id} 5`, `entity ${c.id} 1`].toSorted(),
      `relation ${ab.id} 2`,
    ]);
  });

  test('plain SQL makes version 1, and each update raises it; who gives a higher one keeps it', async () => {
    const { workspaceId, a, ab, sql } = await aPair();
    const made = `INSERT INTO graph_node (id, workspace_id, kind, key, name)
      VALUES (gen_random_uuid(), $1, 'a', 'b', '')`;
    expect(await sql(made, [workspaceId])).toEqual([expect.stringMatching(/^entity \S+ 1$/)]);
    for (const [set, version] of [
      [`name = 'once'`, 2],
      [`version = 1`, 3],
      [`version = 3`, 4],
      [`version = 70`, 70],
      [`version = NULL`, 71],
    ] as const) {
      const node = await sql(`UPDATE graph_node SET ${set} WHERE id = $1`, [a.id]);
      expect(node, set).toEqual([`entity ${a.id} ${version}`]);
      const relation = set.replace('name', 'kind');
      expect(await sql(`UPDATE graph_relation SET ${relation} WHERE id = $1`, [ab.id])).toEqual([
        `relation ${ab.id} ${version}`,
      ]);
    }
  });

  test('with a node go its relations, and with a workspace all that it has; followers hear of each', async () => {
    const { workspaceId, a, b, ab, aa, sql } = await aPair();
    const gone = (kind: string, ...ids: string[]) =>
      ids.map((id) => `${kind} ${id} 2 gone`).toSorted();
    expect(await sql('DELETE FROM graph_node WHERE id = $1', [a.id])).toEqual([
      ...gone('entity', a.id),
      ...gone('relation', ab.id, aa.id),
    ]);
    await sql('DELETE FROM graph_node WHERE id = $1', [b.id]);
    const [c, d] = [aNode(), aNode()];
    const cd = aRelation(c, d);
    await graphOverSql(database).write(workspaceId, { nodes: [c, d], relations: [cd] });
    expect(await sql('DELETE FROM workspace WHERE id = $1', [workspaceId])).toEqual([
      ...gone('entity', c.id, d.id),
      ...gone('relation', cd.id),
    ]);
  });

  test('a node keeps its id and its workspace, and so does a relation', async () => {
    const { a, ab } = await aPair();
    const { workspaceId } = await otherViewer(database);
    for (const [table, id] of [
      ['graph_node', a.id],
      ['graph_relation', ab.id],
    ]) {
      const set = (what: string) =>
        database.pool.query(`UPDATE ${table} SET ${what} WHERE id = '${id}'`);
      await expect(set('id = gen_random_uuid()')).rejects.toThrow(/never change/);
      await expect(set(`workspace_id = '${workspaceId}'`)).rejects.toThrow(/never change/);
    }
  });
});
