/** The nodes of a write. */
import { Conflict, Invalid, NotFound, Unavailable } from '../errors.ts';
import { collectIssues } from '../issues.ts';
import { newId } from '../keys.ts';
import { statement, type Sql } from '../sql.ts';
import { checkOnce, nameOf } from './write-check.ts';
import type { NodeWrite, Stored } from './write.ts';

/** What is there already, held until the transaction ends. */
interface Found {
  readonly id: string;
  readonly isOurs: boolean;
  readonly kind: string;
  readonly key: string;
  readonly version: number;
}

/**
 * Rows of graph_node by ids, or by kinds and keys. LATERAL, OFFSET 0 and IS TRUE: each is looked up by the index of keys.
 * Of a table that it knows nothing of yet the planner takes any index that begins with the kind, and reads all of a kind
 * for each key.
 */
export const NAMED_NODES = (ids: string, kinds: string, keys: string) =>
  `ARRAY(SELECT unnest(${ids}::uuid[]) UNION
    SELECT k.id FROM unnest(${kinds}::text[], ${keys}::text[]) AS g(kind, key)
    CROSS JOIN LATERAL (SELECT n.id FROM graph_node n
      WHERE n.workspace_id = $1 AND n.key = g.key AND (n.kind = g.kind) IS TRUE OFFSET 0) k)`;

const hold = (strength: string) =>
  statement<Found>(
    'graph.holdNodes',
    `SELECT n.id, n.workspace_id = $1 AS "isOurs", n.kind, n.key, n.version FROM graph_node n
    WHERE n.id = ANY(${NAMED_NODES('$2', '$3', '$4')}) ORDER BY n.id FOR ${strength}`,
  );
const HOLD = hold('NO KEY UPDATE');
const HOLD_TO_REMOVE = hold('UPDATE');

/** Nothing where somebody else made it meanwhile. In the order of their names: two at once meet in the same order. */
const INSERT = statement<{ id: string }>(
  'graph.insertNodes',
  `INSERT INTO graph_node (id, workspace_id, kind, key, name, properties, version)
  SELECT id, $1, kind, key, coalesce(name, key), coalesce(properties, '{}')::jsonb, 1
  FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[]) AS g(id, kind, key, name, properties)
  ORDER BY kind, key
  ON CONFLICT DO NOTHING RETURNING id`,
);

const UPDATE = statement<{ id: string }>(
  'graph.updateNodes',
  `UPDATE graph_node n SET key = g.key, name = coalesce(g.name, n.name),
    properties = coalesce(g.properties::jsonb, n.properties)
  FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) AS g(id, key, name, properties)
  WHERE n.id = g.id AND n.workspace_id = $1 AND (n.key, n.name, n.properties) IS DISTINCT FROM
    (g.key, coalesce(g.name, n.name), coalesce(g.properties::jsonb, n.properties))
  RETURNING n.id`,
);

const REMOVE = statement<{ id: string }>(
  'graph.removeEntities',
  'DELETE FROM graph_node WHERE id = ANY($2::uuid[]) AND workspace_id = $1 RETURNING id',
);

/** SQLSTATE: PostgreSQL manual, appendix A. */
const UNIQUE = '23505';
/** Somebody else made what was about to be made; each time there is less left. */
const TRIES_MAX = 10;

interface Given {
  readonly nodes: readonly NodeWrite[];
  readonly path: string;
}

interface Rest {
  /** Nodes that go in the same transaction: they are held at once with the others. */
  readonly removing: { readonly ids: readonly string[]; readonly path: string };
  readonly keptKinds: ReadonlyMap<string, string>;
}

/** A node that is to be made or changed, and its place among the given. */
interface Placed {
  readonly index: number;
  readonly id: string;
  readonly node: NodeWrite;
}

/** Makes and changes nodes as writeGraph says; what it did with each, in their order. */
export async function storeNodes(
  tx: Sql,
  workspaceId: string,
  given: Given,
  rest: Rest,
): Promise<Stored[]> {
  const { nodes } = given;
  if (nodes.length + rest.removing.ids.length === 0) return [];
  const stored: Stored[] = [];
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const found = await tx.query(
      rest.removing.ids.length > 0 ? HOLD_TO_REMOVE : HOLD,
      holdValues(workspaceId, nodes, rest),
    );
    const { there, missing } = placed(given, found, rest, stored);
    const made = missing.length > 0 ? await insert(tx, workspaceId, missing) : new Set();
    for (const { index, id } of missing) if (made.has(id)) stored[index] = { id, did: 'CREATED' };
    if (made.size < missing.length) continue;
    const changed = await update(tx, workspaceId, there, given.path);
    for (const { index, id } of there) {
      stored[index] ??= { id, did: changed.has(id) ? 'CHANGED' : 'NOTHING' };
    }
    return stored;
  }
  throw new Unavailable('postgres', 'others write the same entities again and again');
}

/** Removes nodes that are held; with them go their relations. Answers the ids of those that were there. */
export async function removeNodes(
  tx: Sql,
  workspaceId: string,
  ids: readonly string[],
): Promise<string[]> {
  if (ids.length === 0) return [];
  const gone = await tx.query(REMOVE, [workspaceId, ids]);
  return gone.map(({ id }) => id);
}

function holdValues(workspaceId: string, nodes: readonly NodeWrite[], { removing }: Rest) {
  const named = nodes.filter(({ kind, key }) => nameOf(kind, key) !== null);
  return [
    workspaceId,
    [...nodes.flatMap(({ id }) => id ?? []), ...removing.ids],
    named.map(({ kind }) => kind),
    named.map(({ key }) => key),
  ];
}

/** Which of the given are there, and which are to be made. Refuses as writeGraph says. */
function placed(
  { nodes, path }: Given,
  found: readonly Found[],
  { removing, keptKinds }: Rest,
  stored: readonly (Stored | undefined)[],
) {
  const issues = collectIssues();
  const byId = new Map(found.map((row) => [row.id, row]));
  const ours = found.filter(({ isOurs }) => isOurs);
  const byName = new Map(ours.map((row) => [nameOf(row.kind, row.key), row]));
  const told = new Map<string, string>();
  const there: Placed[] = [];
  const missing: Placed[] = [];
  for (const [index, node] of nodes.entries()) {
    const at = `${path}[${index}]`;
    const named = byName.get(nameOf(node.kind, node.key) ?? '');
    const known = node.id == null ? named : byId.get(node.id);
    const row = known?.isOurs ? known : undefined;
    const kept = keptKinds.get(row?.kind ?? node.kind ?? '');
    if (!row && nameOf(node.kind, node.key) === null) throw new NotFound('Entity', node.id!);
    if (known && !row) issues.add(`${at}.id`, `${known.id} is not free`);
    else if (kept !== undefined) issues.add(`${at}.kind`, kept);
    else if (row && node.kind != null && row.kind !== node.kind) {
      issues.add(`${at}.kind`, `never changes: it is ${JSON.stringify(row.kind)}`);
    } else if (named && named !== row) {
      issues.add(`${at}.key`, 'is of another entity of its kind');
    }
    if (!stored[index]) checkVersion(node, row);
    if (row) checkOnce(told, [row.id], at, issues);
    (row ? there : missing).push({
      index,
      id: row?.id ?? node.id ?? newId(),
      node: { ...node, key: node.key ?? row?.key },
    });
  }
  for (const [index, id] of removing.ids.entries()) {
    const row = byId.get(id);
    const kept = row?.isOurs ? keptKinds.get(row.kind) : undefined;
    if (kept !== undefined) issues.add(`${removing.path}[${index}]`, kept);
  }
  if (issues.count() > 0) throw issues.refusal('batch');
  return { there, missing };
}

function checkVersion({ id, kind, key, expectedVersion }: NodeWrite, row: Found | undefined): void {
  if (expectedVersion == null || row?.version === expectedVersion) return;
  const actual = row ? `at version ${row.version}` : 'not there';
  throw new Conflict(
    `Entity ${row?.id ?? id ?? nameOf(kind, key)}`,
    `version ${expectedVersion}`,
    actual,
  );
}

async function insert(tx: Sql, workspaceId: string, rows: readonly Placed[]): Promise<Set<string>> {
  const made = await tx.query(INSERT, [
    workspaceId,
    rows.map(({ id }) => id),
    rows.map(({ node }) => node.kind),
    rows.map(({ node }) => node.key),
    ...nameAndProperties(rows),
  ]);
  return new Set(made.map(({ id }) => id));
}

async function update(
  tx: Sql,
  workspaceId: string,
  rows: readonly Placed[],
  path: string,
): Promise<Set<string>> {
  if (rows.length === 0) return new Set();
  try {
    const changed = await tx.query(UPDATE, [
      workspaceId,
      rows.map(({ id }) => id),
      rows.map(({ node }) => node.key),
      ...nameAndProperties(rows),
    ]);
    return new Set(changed.map(({ id }) => id));
  } catch (error) {
    if ((error as { code?: unknown }).code !== UNIQUE) throw error;
    throw new Invalid(path, 'a key may be of one entity of its kind: one of these is of another');
  }
}

function nameAndProperties(rows: readonly Placed[]) {
  return [
    rows.map(({ node }) => node.name ?? null),
    rows.map(({ node }) => (node.properties ? JSON.stringify(node.properties) : null)),
  ];
}
