/** The relations of a write. */
import { Conflict, NotFound, Unavailable } from '../errors.ts';
import { collectIssues, type Issues } from '../issues.ts';
import { derivedId } from '../keys.ts';
import { statement, type Sql } from '../sql.ts';
import { checkOnce, nameOf } from './write-check.ts';
import { NAMED_NODES } from './write-nodes.ts';
import type { End, RelationWrite, Stored } from './write.ts';

interface Found {
  readonly id: string;
  readonly isOurs: boolean;
  readonly kind: string;
  readonly fromId: string;
  readonly toId: string;
  readonly version: number;
}

/** Held, so that none is removed before the relations are there. */
const HOLD_ENDS = statement<{ id: string; kind: string; key: string }>(
  'graph.holdEnds',
  `SELECT n.id, n.kind, n.key FROM graph_node n
  WHERE n.id = ANY(${NAMED_NODES('$2', '$3', '$4')}) AND n.workspace_id = $1 ORDER BY n.id FOR KEY SHARE`,
);

const HOLD = statement<Found>(
  'graph.holdRelations',
  `SELECT r.id, r.workspace_id = $1 AS "isOurs", r.kind, r.from_id AS "fromId", r.to_id AS "toId", r.version
  FROM graph_relation r WHERE r.id = ANY($2::uuid[]) ORDER BY r.id FOR UPDATE`,
);

/** Those that go, by themselves or with a node. */
const HOLD_TO_REMOVE = statement<object>(
  'graph.holdGoing',
  `SELECT FROM graph_relation r WHERE r.id = ANY(ARRAY(
    SELECT unnest($2::uuid[])
    UNION SELECT id FROM graph_relation WHERE from_id = ANY($3::uuid[])
    UNION SELECT id FROM graph_relation WHERE to_id = ANY($3::uuid[])
  )) AND r.workspace_id = $1 ORDER BY r.id FOR UPDATE`,
);

const INSERT = statement<{ id: string }>(
  'graph.insertRelations',
  `INSERT INTO graph_relation (id, workspace_id, kind, from_id, to_id, properties, version)
  SELECT id, $1, kind, from_id, to_id, coalesce(properties, '{}')::jsonb, 1
  FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::text[]) AS g(id, kind, from_id, to_id, properties)
  ORDER BY id
  ON CONFLICT DO NOTHING RETURNING id`,
);

const UPDATE = statement<{ id: string }>(
  'graph.updateRelations',
  `UPDATE graph_relation r SET properties = g.properties::jsonb
  FROM unnest($2::uuid[], $3::text[]) AS g(id, properties)
  WHERE r.id = g.id AND r.workspace_id = $1 AND r.properties IS DISTINCT FROM g.properties::jsonb
  RETURNING r.id`,
);

const REMOVE = statement<{ id: string }>(
  'graph.removeEntityRelations',
  'DELETE FROM graph_relation WHERE id = ANY($2::uuid[]) AND workspace_id = $1 RETURNING id',
);

/** As of nodes. */
const TRIES_MAX = 10;

/** Locks what goes, in the order of ids, before anything else is. */
export async function holdRelations(
  tx: Sql,
  workspaceId: string,
  removedIds: readonly string[],
  removedNodeIds: readonly string[],
): Promise<void> {
  if (removedIds.length + removedNodeIds.length === 0) return;
  await tx.query(HOLD_TO_REMOVE, [workspaceId, removedIds, removedNodeIds]);
}

/** Removes relations that are held. Answers the ids of those that were there. */
export async function removeRelations(
  tx: Sql,
  workspaceId: string,
  ids: readonly string[],
): Promise<string[]> {
  if (ids.length === 0) return [];
  const gone = await tx.query(REMOVE, [workspaceId, ids]);
  return gone.map(({ id }) => id);
}

/** A relation with its ends found; they are null where an id alone names it. */
interface Placed {
  readonly index: number;
  readonly id: string;
  readonly kind: string | null;
  readonly fromId: string | null;
  readonly toId: string | null;
  readonly properties: string | null;
  readonly expectedVersion: number | null;
}

/** Makes and changes relations as writeGraph says; what it did with each, in their order. */
export async function storeRelations(
  tx: Sql,
  workspaceId: string,
  { relations, path }: { readonly relations: readonly RelationWrite[]; readonly path: string },
  kept: ReadonlyMap<string, string>,
): Promise<Stored[]> {
  if (relations.length === 0) return [];
  const rows = placed(workspaceId, relations, await findEnds(tx, workspaceId, relations), path);
  const stored: Stored[] = [];
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const held = await tx.query(HOLD, [workspaceId, rows.map(({ id }) => id)]);
    const found = new Map(held.map((row) => [row.id, row]));
    checkFound(rows, found, { path, kept }, stored);
    const missing = rows.filter(({ id }) => !found.has(id));
    const made = missing.length > 0 ? await insert(tx, workspaceId, missing) : new Set();
    for (const { index, id } of missing) if (made.has(id)) stored[index] = { id, did: 'CREATED' };
    if (made.size < missing.length) continue;
    const changed = await update(
      tx,
      workspaceId,
      rows.filter(({ id }) => found.has(id)),
    );
    for (const { index, id } of rows) {
      stored[index] ??= { id, did: changed.has(id) ? 'CHANGED' : 'NOTHING' };
    }
    return stored;
  }
  throw new Unavailable('postgres', 'others write the same relations again and again');
}

type FindEnd = (end: End | null | undefined) => string | null | undefined;

/** Ids of ends: null for none given, undefined for one that is not there. */
async function findEnds(
  tx: Sql,
  workspaceId: string,
  relations: readonly RelationWrite[],
): Promise<FindEnd> {
  const ends = relations.flatMap(({ from, to }) => [from, to].filter((end) => end != null));
  if (ends.length === 0) return () => null;
  const named = ends.filter(({ id }) => id == null);
  const found = await tx.query(HOLD_ENDS, [
    workspaceId,
    ends.flatMap(({ id }) => id ?? []),
    named.map(({ kind }) => kind),
    named.map(({ key }) => key),
  ]);
  const ids = new Map<string | null, string>();
  for (const { id, kind, key } of found) ids.set(id, id).set(nameOf(kind, key), id);
  return (end) => (end ? ids.get(end.id ?? nameOf(end.kind, end.key)) : null);
}

function placed(
  workspaceId: string,
  relations: readonly RelationWrite[],
  find: FindEnd,
  path: string,
): Placed[] {
  const issues = collectIssues();
  const told = new Map<string, string>();
  const rows = relations.map((relation, index): Placed => {
    const { kind = null, key = null, properties, expectedVersion = null } = relation;
    const at = `${path}[${index}]`;
    const [fromId, toId] = [find(relation.from), find(relation.to)];
    if (fromId === undefined) issues.add(`${at}.from`, 'leads from an entity that is not there');
    if (toId === undefined) issues.add(`${at}.to`, 'leads to an entity that is not there');
    const id = relation.id ?? relationId(workspaceId, { kind, fromId, toId, key });
    if (fromId !== undefined && toId !== undefined) checkOnce(told, [id], at, issues);
    return {
      index,
      id,
      kind,
      fromId: fromId ?? null,
      toId: toId ?? null,
      properties: properties ? JSON.stringify(properties) : null,
      expectedVersion,
    };
  });
  if (issues.count() > 0) throw issues.refusal('batch');
  return rows;
}

/** What names a relation that is written without an id. */
interface RelationName {
  readonly kind: string | null;
  readonly fromId: string | null | undefined;
  readonly toId: string | null | undefined;
  readonly key?: string | null | undefined;
}

/** The id of a relation that is written without one: the same for the same kind, ends and key. */
export function relationId(workspaceId: string, { kind, fromId, toId, key }: RelationName): string {
  return derivedId(JSON.stringify([kind, fromId, toId, key ?? '']), workspaceId);
}

/** Refuses what the stored relations do not allow. */
function checkFound(
  rows: readonly Placed[],
  found: ReadonlyMap<string, Found>,
  { path, kept }: { readonly path: string; readonly kept: ReadonlyMap<string, string> },
  stored: readonly (Stored | undefined)[],
): void {
  const issues = collectIssues();
  for (const row of rows) {
    const known = found.get(row.id);
    const there = known?.isOurs ? known : undefined;
    const isNew = row.kind !== null && row.fromId !== null && row.toId !== null;
    if (!there && !isNew) throw new NotFound('EntityRelation', row.id);
    const rule = kept.get(there?.kind ?? row.kind ?? '');
    const at = `${path}[${row.index}]`;
    if (rule !== undefined) issues.add(row.kind === null ? at : `${at}.kind`, rule);
    else if (there) checkSame(row, there, at, issues);
    else if (known) issues.add(`${at}.id`, `${row.id} is not free`);
    if (!stored[row.index]) checkVersion(row, there);
  }
  if (issues.count() > 0) throw issues.refusal('batch');
}

function checkSame(row: Placed, there: Found, path: string, issues: Issues): void {
  const fields = { kind: 'kind', from: 'fromId', to: 'toId' } as const;
  for (const [name, field] of Object.entries(fields)) {
    if (row[field] !== null && row[field] !== there[field]) {
      issues.add(`${path}.${name}`, `never changes: it is ${JSON.stringify(there[field])}`);
    }
  }
}

function checkVersion({ id, expectedVersion }: Placed, row: Found | undefined): void {
  if (expectedVersion === null || row?.version === expectedVersion) return;
  const actual = row ? `at version ${row.version}` : 'not there';
  throw new Conflict(`EntityRelation ${id}`, `version ${expectedVersion}`, actual);
}

async function insert(tx: Sql, workspaceId: string, rows: readonly Placed[]): Promise<Set<string>> {
  const made = await tx.query(INSERT, [
    workspaceId,
    rows.map(({ id }) => id),
    rows.map(({ kind }) => kind),
    rows.map(({ fromId }) => fromId),
    rows.map(({ toId }) => toId),
    rows.map(({ properties }) => properties),
  ]);
  return new Set(made.map(({ id }) => id));
}

async function update(tx: Sql, workspaceId: string, rows: readonly Placed[]): Promise<Set<string>> {
  const given = rows.filter(({ properties }) => properties !== null);
  if (given.length === 0) return new Set();
  const changed = await tx.query(UPDATE, [
    workspaceId,
    given.map(({ id }) => id),
    given.map(({ properties }) => properties),
  ]);
  return new Set(changed.map(({ id }) => id));
}
