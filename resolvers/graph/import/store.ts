/** What an import asks of the store: whether there are the nodes that edges lead to, and to write a batch. */
import type { Ctx } from '../../context.ts';
import { Limited } from '../../errors.ts';
import { collectIssues, shown } from '../../issues.ts';
import { authorize } from '../../policy.ts';
import { dynamicStatement, statement, type Sql } from '../../sql.ts';
import { KEPT_KINDS } from '../kept-kinds.ts';
import { BATCH_MAX } from '../port.ts';
import { writeGraph, type Stored } from '../write.ts';
import type { ReadEdge, ReadEnd, ReadNode } from './rows.ts';

/** Nodes and edges of one transaction, BATCH_MAX together. */
export interface ImportBatch {
  readonly nodes: readonly ReadNode[];
  readonly edges: readonly ReadEdge[];
}

/** How many of a batch were made, were changed, and were so already. */
export interface ImportCounts {
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
}

/** Of a node that is looked for: its kind, or why there is not one. */
export type FoundEnd = { readonly kind: string } | 'NONE' | 'SEVERAL';

/** Where an import goes: an open store, or the gateway that has it. */
export interface ImportStore {
  /** In the order of the ends, BATCH_MAX at most. */
  find(ends: readonly ReadEnd[]): Promise<readonly FoundEnd[]>;
  /** Refuses as `writeImported`. */
  write(batch: ImportBatch): Promise<ImportCounts>;
  /** After many writes. */
  settle(): Promise<void>;
}

/** By the index of keys; OFFSET 0: each is looked up by itself. Two kinds are as many as need be known. */
const FIND = statement<{ place: number; kinds: string[] }>(
  'graphImport.findEnds',
  `SELECT g.place, ARRAY(SELECT n.kind FROM graph_node n
     WHERE n.workspace_id = $1 AND n.key = g.key AND (g.kind IS NULL OR n.kind = g.kind) LIMIT 2) AS kinds
   FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS g(key, kind, place)`,
);

/**
 * The nodes that edges lead to.
 *
 * Refuses: Forbidden; Limited past BATCH_MAX.
 * Cost: 1 statement.
 */
export async function findEnds(ctx: Ctx, ends: readonly ReadEnd[]): Promise<FoundEnd[]> {
  const { workspaceId } = ctx.viewer;
  authorize(ctx.viewer, 'graph.write', { workspaceId });
  return endsIn(ctx.sql, workspaceId, ends);
}

async function endsIn(
  sql: Sql,
  workspaceId: string,
  ends: readonly ReadEnd[],
): Promise<FoundEnd[]> {
  if (ends.length > BATCH_MAX) throw new Limited('ends of one call', BATCH_MAX, ends.length);
  const rows = await sql.query(FIND, [
    workspaceId,
    ends.map(({ key }) => key),
    ends.map(({ kind }) => kind),
  ]);
  const found = ends.map((): FoundEnd => 'NONE');
  for (const { place, kinds } of rows) {
    if (kinds.length > 1) found[place - 1] = 'SEVERAL';
    else if (kinds[0] !== undefined) found[place - 1] = { kind: kinds[0] };
  }
  return found;
}

/**
 * Writes a batch: nodes by kind and key, edges by kind, ends and key. What is there is changed where the batch says other
 * than it, and otherwise left as it is, without a new version; what the batch does not name stays.
 *
 * Writes: graph_node, graph_relation, in one transaction.
 * Refuses: Forbidden; Limited past BATCH_MAX; Invalid with paths into the batch (`nodes[3].key`, `edges[7].from`), as
 * writeGraph does and for an end of no node, or of several where it has no kind. Nothing is stored then.
 * Cost: at most 3 statements for the nodes and 5 for the edges, whatever their number.
 */
export async function writeImported(
  ctx: Ctx,
  { nodes, edges }: ImportBatch,
): Promise<ImportCounts> {
  const { workspaceId } = ctx.viewer;
  authorize(ctx.viewer, 'graph.write', { workspaceId });
  const written = await ctx.sql.transaction(async (tx) => {
    const kinds = await kindsOfEnds(tx, workspaceId, edges);
    const relations = edges.map(({ from, to, ...edge }) => ({
      ...edge,
      from: { key: from.key, kind: from.kind ?? kinds.get(from.key) },
      to: { key: to.key, kind: to.kind ?? kinds.get(to.key) },
    }));
    return writeGraph(
      tx,
      workspaceId,
      { nodes, relations },
      {
        paths: { relations: 'edges' },
        keptKinds: KEPT_KINDS,
      },
    );
  });
  const stored: readonly Stored[] = [...written.nodes, ...written.relations];
  const count = (done: Stored['did']) => stored.filter(({ did }) => did === done).length;
  return { created: count('CREATED'), changed: count('CHANGED'), unchanged: count('NOTHING') };
}

/** By key, of the ends that have none. */
async function kindsOfEnds(
  tx: Sql,
  workspaceId: string,
  edges: readonly ReadEdge[],
): Promise<ReadonlyMap<string, string>> {
  const bare = edges.flatMap(({ from, to }, at) => [
    ...(from.kind === null ? [{ key: from.key, path: `edges[${at}].from` }] : []),
    ...(to.kind === null ? [{ key: to.key, path: `edges[${at}].to` }] : []),
  ]);
  const keys = [...new Set(bare.map(({ key }) => key))];
  const kinds = new Map<string, string>();
  const whys = new Map<string, string>();
  for (let at = 0; at < keys.length; at += BATCH_MAX) {
    const some = keys.slice(at, at + BATCH_MAX);
    const found = await endsIn(
      tx,
      workspaceId,
      some.map((key) => ({ key, kind: null })),
    );
    for (const [place, end] of found.entries()) {
      const key = some[place]!;
      if (typeof end === 'string') whys.set(key, whyNot(key, end));
      else kinds.set(key, end.kind);
    }
  }
  if (whys.size === 0) return kinds;
  const issues = collectIssues();
  for (const { key, path } of bare) if (whys.has(key)) issues.add(path, whys.get(key)!);
  throw issues.refusal('batch');
}

/** What is wrong with an end, in words. */
export function whyNot(key: string, found: 'NONE' | 'SEVERAL', kind?: string | null): string {
  if (found === 'SEVERAL') {
    return `${shown(key)} is the key of nodes of several kinds: a column or --from-kind, --to-kind says which`;
  }
  return `there is no node ${kind == null ? '' : `of kind ${shown(kind)} `}with the key ${shown(key)}`;
}

/** Plans for the sizes there are now, and no search through what the GIN index has not taken in yet. */
const SETTLE = [
  dynamicStatement(
    'graphImport.cleanIndex',
    `SELECT gin_clean_pending_list('graph_node_properties_idx')`,
  ),
  ...['graph_node', 'graph_relation'].map((table) =>
    dynamicStatement('graphImport.analyze', `ANALYZE ${table}`),
  ),
];

/** What makes reads quick after many writes. Cost: 3 statements, of which two read a sample. */
export async function settleGraph({ sql }: Ctx): Promise<void> {
  for (const one of SETTLE) await sql.query(one);
}
