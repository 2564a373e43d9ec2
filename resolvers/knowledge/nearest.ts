/**
 * What lies nearest to a vector. By pgvector's index where there is one (HNSW; Malkov and Yashunin 2018), which may miss
 * some; else by looking at each of the newest EXACT_SCAN_MAX, with the same order.
 */
import type { Params } from '../filter.ts';
import { params } from '../filter.ts';
import { dynamicStatement, type Sql } from '../sql.ts';
import type { Space } from './embedder.ts';
import { literal, vectorText, type EmbeddedKind, type VectorStore } from './embeddings.ts';

/** Vectors that are looked at where there is no index: the newest. */
export const EXACT_SCAN_MAX = 10_000;

export interface Near {
  readonly kind: EmbeddedKind;
  readonly id: string;
  /** Of the cosine: 0 for the same direction, 1 for a right angle, 2 for the opposite. */
  readonly distance: number;
}

export interface Nearest {
  /** By distance, then id. */
  readonly found: readonly Near[];
  /** Of one kind there were more than were looked at; null when all were. */
  readonly cutAt: number | null;
}

export interface NearestOptions {
  readonly workspaceId: string;
  readonly space: Space;
  readonly store: VectorStore;
  readonly vector: readonly number[];
  readonly kinds: readonly EmbeddedKind[];
  /** Of each kind. */
  readonly limit: number;
  /** A further condition on the row `x` of the kind's table. */
  readonly where?: (into: Params) => string;
  /** Tests lower it. */
  readonly scan_max?: number;
}

/** One statement, whatever the kinds; none without any. */
export async function nearest(sql: Sql, options: NearestOptions): Promise<Nearest> {
  const { kinds, store, scan_max = EXACT_SCAN_MAX } = options;
  if (kinds.length === 0) return { found: [], cutAt: null };
  const into = params();
  const parts = kinds.map((kind) =>
    store === 'indexed'
      ? indexedSql(kind, options, into)
      : scannedSql(kind, options, scan_max, into),
  );
  const text = `SELECT * FROM (${parts.map((part) => `(${part})`).join(' UNION ALL ')}) found ORDER BY distance, id`;
  const rows = await sql.query(
    dynamicStatement<Near & { read: number }>('embeddings.nearest', text),
    into.values,
  );
  const cut = rows.some(({ read }) => read > scan_max);
  const found = rows.map(({ kind, id, distance }) => ({ kind, id, distance }));
  return { found, cutAt: cut ? scan_max : null };
}

/**
 * The settings hold for this statement, and are made before the index is asked, for what is joined hangs on them: it goes
 * on looking until enough of the workspace and of the condition are found. Model and dimension are written out, or the
 * planner would not know that the index is of them.
 */
function indexedSql(kind: EmbeddedKind, options: NearestOptions, into: Params): string {
  const { space, vector, limit } = options;
  const cast = `vector(${space.dimension})`;
  const distance = `e.vector::${cast} <=> ${into.add(vectorText('indexed', vector), cast)}`;
  return `SELECT '${kind}' AS kind, near.id, near.distance, 0 AS read
    FROM (SELECT set_config('hnsw.iterative_scan', 'strict_order', true) || set_config('hnsw.ef_search', '${EF_SEARCH}', true) AS made) settings
    CROSS JOIN LATERAL (
      SELECT e.id, ${distance} AS distance ${fromSql(kind, options, into)} AND settings.made IS NOT NULL
      ORDER BY ${distance} LIMIT ${into.add(limit, 'int')}
    ) near`;
}

/** Candidates that the index keeps while it looks: recall for time. Measured: e2e/bench/vectors. */
const EF_SEARCH = 400;

function scannedSql(
  kind: EmbeddedKind,
  options: NearestOptions,
  scan_max: number,
  into: Params,
): string {
  const { vector, store, limit, space } = options;
  const cast = store === 'array' ? 'real[]' : `vector(${space.dimension})`;
  const given = into.add(vectorText(store, vector), cast);
  const distance =
    store === 'array'
      ? `1 - (SELECT sum(a::float8 * b) FROM unnest(vector, ${given}) AS pair(a, b))`
      : `vector::${cast} <=> ${given}`;
  return `SELECT '${kind}' AS kind, id, distance, read FROM (
      SELECT id, ${distance} AS distance, count(*) OVER () AS read
      FROM (SELECT e.id, e.vector ${fromSql(kind, options, into)} ORDER BY e.id DESC LIMIT ${into.add(scan_max + 1, 'int')}) newest
    ) scanned ORDER BY distance, id LIMIT ${into.add(limit, 'int')}`;
}

function fromSql(kind: EmbeddedKind, { workspaceId, space, where }: NearestOptions, into: Params) {
  const join = where ? `JOIN ${kind} x ON x.id = e.id` : '';
  const condition = where ? ` AND ${where(into)}` : '';
  return `FROM ${kind}_embedding e ${join} WHERE e.workspace_id = ${into.add(workspaceId, 'uuid')}
    AND e.model = ${literal(space.model)} AND e.dimension = ${space.dimension}${condition}`;
}
