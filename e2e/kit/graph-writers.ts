/** Writes of the graph by chance but repeatable: by commands and by plain SQL, with cascades and late commits. */
import type { Pool } from 'pg';
import { aNode, aRelation } from '../../gateway/stores/graph.contract.ts';
import { graphOverSql } from '../../gateway/stores/graph-sql.ts';
import type { GraphNode } from '../../resolvers/graph/port.ts';
import type { TestDatabase } from './database.ts';
import { dice, type Dice } from './random-world.ts';

export interface GraphWriters {
  /** Does so many writes more, one after the other. */
  write(count: number): Promise<void>;
}

interface Hand {
  readonly database: TestDatabase;
  readonly workspaceId: string;
  readonly random: Dice;
  readonly nodes: GraphNode[];
}

/** In one workspace. The same writes for the same seed, but for ids. */
export function graphWriters(
  database: TestDatabase,
  workspaceId: string,
  seed: number,
): GraphWriters {
  const hand: Hand = { database, workspaceId, random: dice(seed), nodes: [] };
  return {
    async write(count) {
      for (let done = 0; done < count; done += 1) {
        const write = WRITES[below(hand, WRITES.length)]!;
        await write(hand);
      }
    },
  };
}

const WRITES: readonly ((hand: Hand) => Promise<unknown>)[] = [
  makeNodes,
  makeNodes,
  tie,
  tie,
  ({ database: { pool }, workspaceId, random }) =>
    pool.query(
      `/* test.rename */ UPDATE graph_node SET name = name || 'x', properties = jsonb_build_object('n', $2::float8)
      WHERE workspace_id = $1 AND abs(hashtext(id::text || $2)) % 4 = 0`,
      [workspaceId, random()],
    ),
  ({ database: { pool }, workspaceId, random }) =>
    pool.query(
      `/* test.turn */ UPDATE graph_relation SET from_id = to_id, to_id = from_id, kind = 'turned'
      WHERE workspace_id = $1 AND abs(hashtext(id::text || $2)) % 3 = 0`,
      [workspaceId, random()],
    ),
  (hand) => {
    const gone = hand.nodes.splice(below(hand, hand.nodes.length + 1), 2);
    return hand.database.pool.query('/* test.remove */ DELETE FROM graph_node WHERE id = ANY($1)', [
      gone.map(({ id }) => id),
    ]);
  },
  makeAnew,
  commitLate,
];

async function makeNodes(hand: Hand): Promise<void> {
  const nodes = Array.from({ length: 1 + below(hand, 8) }, () => aNode());
  await graphOverSql(hand.database).write(hand.workspaceId, { nodes });
  hand.nodes.push(...nodes);
}

async function tie(hand: Hand): Promise<void> {
  const { nodes, database, workspaceId } = hand;
  if (nodes.length === 0) return;
  const any = () => nodes[below(hand, nodes.length)]!;
  const relations = Array.from({ length: 1 + below(hand, 12) }, () => aRelation(any(), any()));
  await graphOverSql(database).write(workspaceId, { relations });
}

/** A node is deleted, its relations with it, and both come again under their ids, at version 1. */
async function makeAnew(hand: Hand): Promise<void> {
  const { nodes, database, workspaceId } = hand;
  const node = nodes[below(hand, nodes.length + 1)];
  if (!node) return;
  const graph = graphOverSql(database);
  const loop = aRelation(node, node);
  await graph.write(workspaceId, { relations: [loop] });
  await database.pool.query('/* test.remove */ DELETE FROM graph_node WHERE id = $1', [node.id]);
  await graph.write(workspaceId, {
    nodes: [{ ...node, name: 'anew' }],
    relations: [{ ...loop, kind: 'anew' }],
  });
}

/** What is written first is committed last, beside a node that it leads to. */
async function commitLate(hand: Hand): Promise<void> {
  const { nodes, database, workspaceId } = hand;
  const from = nodes[below(hand, nodes.length + 1)];
  if (!from) return;
  await late(database.pool, async (query) => {
    await query('UPDATE graph_node SET name = $2 WHERE id = $1', [from.id, 'late']);
    await makeNodes(hand);
    await query(
      `INSERT INTO graph_relation (id, workspace_id, kind, from_id, to_id)
      SELECT gen_random_uuid(), $1, 'late', id, $3 FROM graph_node WHERE id = $2`,
      [workspaceId, from.id, nodes.at(-1)!.id],
    );
  });
}

type Query = (text: string, values: unknown[]) => Promise<unknown>;

async function late(pool: Pool, work: (query: Query) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('/* test.begin */ BEGIN');
    await work((text, values) => client.query(`/* test.late */ ${text}`, values));
    await client.query('/* test.commit */ COMMIT');
  } finally {
    client.release();
  }
}

function below({ random }: Hand, limit: number): number {
  return Math.floor(random() * limit);
}
