/**
 * Vectors as they rest: which texts need one, how they are written, and how their type is written in SQL. They are
 * pgvector's where the migration found it, else arrays of numbers.
 */
import { createHash } from 'node:crypto';
import { dynamicStatement, statement, type Sql } from '../sql.ts';
import type { Space } from './embedder.ts';

/** What has vectors; the name of its table. */
export const EMBEDDED_KINDS = ['document', 'artifact'] as const;
export type EmbeddedKind = (typeof EMBEDDED_KINDS)[number];

/** How vectors rest: as pgvector's with an index, without one, or as arrays of numbers. */
export type VectorStore = 'indexed' | 'vector' | 'array';

/** SQL of the text that a vector is made of, and of its hash, by the row `x`. */
const CONTENT = {
  document: { text: `x.title || E'\\n' || x.text`, hash: 'x.content_hash' },
  artifact: {
    text: `x.kind || E'\\n' || x.name || E'\\n' || x.metadata::text`,
    hash: `md5(x.kind || E'\\n' || x.name || E'\\n' || x.metadata::text)`,
  },
} as const satisfies Record<EmbeddedKind, object>;

/** What pgvector's HNSW takes; above it every search is a scan. */
const INDEXED_DIMENSION_MAX = 2_000;

/** How those of this space do. Cost: 1 statement. */
export async function vectorStoreOf(sql: Sql, space: Space): Promise<VectorStore> {
  const [row] = await sql.query(
    STORE,
    EMBEDDED_KINDS.map((kind) => indexName(kind, space)),
  );
  if (row?.name !== 'vector') return 'array';
  return row.indexed ? 'indexed' : 'vector';
}

const STORE = statement<{ name: string; indexed: boolean }>(
  'embeddings.store',
  `SELECT typname AS name, to_regclass($1) IS NOT NULL AND to_regclass($2) IS NOT NULL AS indexed
  FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
  WHERE attrelid = 'document_embedding'::regclass AND attname = 'vector'`,
);

/** The value of a vector, and the SQL type that takes it. */
export function vectorText(store: VectorStore, vector: readonly number[]): string {
  return store === 'array' ? `{${vector.join(',')}}` : `[${vector.join(',')}]`;
}

/** Back from the text of either type. */
export function vectorFrom(text: string): number[] {
  return JSON.parse(text.replace('{', '[').replace('}', ']')) as number[];
}

/** A text that has no vector yet, or one of another text or space. */
export interface Wanted {
  readonly id: string;
  readonly hash: string;
  /** Its begin. */
  readonly text: string;
}

const WANTED = perKind((kind) =>
  statement<Wanted>(
    `embeddings.${kind}sWanted`,
    `SELECT x.id, ${CONTENT[kind].hash} AS hash, left(${CONTENT[kind].text}, $4::int) AS text
    FROM ${kind} x LEFT JOIN ${kind}_embedding e ON e.id = x.id
    WHERE x.id = ANY($1::uuid[]) AND (e.model, e.dimension, e.content_hash)
      IS DISTINCT FROM ($2::text, $3::int, ${CONTENT[kind].hash})
    ORDER BY x.id`,
  ),
);

/** Of these ids those that need a vector. `chars_max`: of each text. One statement. */
export function wantedOf(
  sql: Sql,
  kind: EmbeddedKind,
  ids: readonly string[],
  { model, dimension }: Space,
  chars_max: number,
): Promise<Wanted[]> {
  return sql.query(WANTED[kind], [ids, model, dimension, chars_max]);
}

const NEXT = perKind((kind) =>
  statement<{ id: string }>(
    `embeddings.${kind}sNext`,
    `SELECT id FROM ${kind} WHERE id > $1 ORDER BY id LIMIT $2`,
  ),
);

/** The next ids after one, in their order. One statement. */
export async function idsAfter(
  sql: Sql,
  kind: EmbeddedKind,
  id: string,
  limit: number,
): Promise<string[]> {
  return (await sql.query(NEXT[kind], [id, limit])).map((row) => row.id);
}

const WRITE = perKind(
  (kind) => (store: VectorStore) =>
    statement(
      `embeddings.write${kind === 'document' ? 'Documents' : 'Artifacts'}`,
      // Joined: what has changed since it was read, or is gone, is left out; its own change comes later.
      `INSERT INTO ${kind}_embedding (id, workspace_id, model, dimension, content_hash, vector)
    SELECT x.id, x.workspace_id, $3, $4, made.hash, made.vector::${store === 'array' ? 'real[]' : 'vector'}
    FROM unnest($1::uuid[], $2::text[], $5::text[]) AS made(id, hash, vector)
    JOIN ${kind} x ON x.id = made.id AND ${CONTENT[kind].hash} = made.hash
    ORDER BY x.id FOR KEY SHARE OF x
    ON CONFLICT (id) DO UPDATE SET model = excluded.model, dimension = excluded.dimension,
      content_hash = excluded.content_hash, vector = excluded.vector, embedded_at = clock_timestamp()`,
    ),
);

/** Stores the vectors of texts that are still what they were. One statement. */
export async function writeVectors(
  sql: Sql,
  kind: EmbeddedKind,
  store: VectorStore,
  { model, dimension }: Space,
  made: readonly (Wanted & { readonly vector: readonly number[] })[],
): Promise<void> {
  await sql.query(WRITE[kind](store), [
    made.map(({ id }) => id),
    made.map(({ hash }) => hash),
    model,
    dimension,
    made.map(({ vector }) => vectorText(store, vector)),
  ]);
}

const ROOT = statement<{ text: string; vector: string | null }>(
  'embeddings.artifact',
  `SELECT left(${CONTENT.artifact.text}, $5::int) AS text, e.vector::text FROM artifact x
  LEFT JOIN artifact_embedding e ON e.id = x.id AND e.model = $3 AND e.dimension = $4
    AND e.content_hash = ${CONTENT.artifact.hash}
  WHERE x.id = $1 AND x.workspace_id = $2`,
);

/** What an artifact's vector is made of, and the vector, if it was made. Undefined where it is not there. One statement. */
export async function artifactContent(
  sql: Sql,
  id: string,
  workspaceId: string,
  { model, dimension }: Space,
  chars_max: number,
): Promise<{ readonly text: string; readonly vector: readonly number[] | null } | undefined> {
  const [row] = await sql.query(ROOT, [id, workspaceId, model, dimension, chars_max]);
  return row && { text: row.text, vector: row.vector === null ? null : vectorFrom(row.vector) };
}

/**
 * Makes the indexes of a space's vectors where they can be had; those of other spaces stay until somebody drops them. At
 * its first use a space has no vectors, so it takes no time. Cost: 3 statements, 1 where they are there.
 */
export async function ensureIndexes(sql: Sql, space: Space): Promise<void> {
  const { model, dimension } = space;
  if (dimension > INDEXED_DIMENSION_MAX || (await vectorStoreOf(sql, space)) !== 'vector') return;
  for (const kind of EMBEDDED_KINDS) {
    const text = `CREATE INDEX IF NOT EXISTS ${indexName(kind, space)} ON ${kind}_embedding
      USING hnsw ((vector::vector(${dimension})) vector_cosine_ops)
      WHERE model = ${literal(model)} AND dimension = ${dimension}`;
    await sql.query(dynamicStatement('embeddings.index', text));
  }
}

/** A text within SQL, where no value may stand. Plain quotes: standard_conforming_strings is on. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Postgres' names have 63 bytes; models may differ in signs alone. */
function indexName(kind: EmbeddedKind, { model, dimension }: Space): string {
  const hash = createHash('sha256').update(`${model} ${dimension}`).digest('hex').slice(0, 12);
  return `${kind}_embedding_${hash}`;
}

function perKind<T>(make: (kind: EmbeddedKind) => T): Readonly<Record<EmbeddedKind, T>> {
  return { document: make('document'), artifact: make('artifact') };
}
