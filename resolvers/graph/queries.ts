/** Reading entities and relations: look-ups, lists, and the lists of many parents at once. */
import type { Connection } from '../connection.ts';
import type { Ctx } from '../context.ts';
import { uuidOf } from '../keys.ts';
import type { Instant } from '../instant.ts';
import type { Loader } from '../loaders.ts';
import { keysOf, listOf, listsOf, type Link, type ListArgs } from '../list.ts';
import { authorize } from '../policy.ts';
import type { Columns } from '../selected.ts';
import { ENTITY, ENTITY_RELATION } from './entities.ts';
import { entitiesById, entitiesByKey, entityKey } from './loaders.ts';
import { entityUuids } from './ids.ts';
import { walkOf, type WalkArgs } from './neighbours.ts';
import { NODES_MAX, type Cut, type GraphNode } from './port.ts';
import type { EntityRelationRow, EntityRow, MetRelation } from './rows.ts';

/** Null when it is not there. Refuses an id that is none with Invalid. One statement. */
export async function entity(
  ctx: Ctx,
  id: string,
  columns?: Columns | null,
): Promise<EntityRow | null> {
  const [row] = await entitiesById(ctx, [uuidOf('Entity', id, 'id')], columns);
  return row ?? null;
}

/** Null when it is not there, as with a kind or a key that nothing can have. One statement. */
export async function entityByKey(
  ctx: Ctx,
  name: { readonly kind: string; readonly key: string },
  columns?: Columns | null,
): Promise<EntityRow | null> {
  const [row] = await entitiesByKey(ctx, [entityKey(name)], columns);
  return row ?? null;
}

/** A condition of the graph on the rows of a list: what a walk from some roots meets, they themselves among it. */
export interface Within extends WalkArgs {
  readonly roots: readonly string[];
  readonly depth: number;
}

/** Entities that a list looks for within a network: the nearest. */
export const WITHIN_NODES_MAX = NODES_MAX;

/** A page of entities; `cut` where it is of the nearest WITHIN_NODES_MAX alone. */
export type EntityPage = Connection<EntityRow> & { readonly cut: Cut | null };

/**
 * A page of the workspace's entities. One statement; with `within` a semi-join: the graph is asked first, by one of its
 * own, for the entities of which the list is.
 */
export async function entities(
  ctx: Ctx,
  { within, ...args }: ListArgs & { readonly within?: Within | null | undefined },
): Promise<EntityPage> {
  if (!within) return Object.assign(await listOf(ctx, ENTITY, args), { cut: null });
  authorize(ctx.viewer, ENTITY.read, ctx.viewer);
  const roots = entityUuids(within.roots, 'within.roots');
  const bounds = { depth: within.depth, nodes: WITHIN_NODES_MAX, nodesOnly: true };
  const found = await ctx
    .graphFor(ctx)
    .network(ctx.viewer.workspaceId, roots, walkOf(within), bounds);
  const among = { ids: found.nodes.map(({ node }) => node.id), said: within };
  const page = await listOf(ctx, ENTITY, { ...args, among });
  return Object.assign(page, { cut: found.cut });
}

/** A page of the workspace's relations. One statement. */
export function entityRelations(ctx: Ctx, args: ListArgs): Promise<Connection<EntityRelationRow>> {
  return listOf(ctx, ENTITY_RELATION, args);
}

/** The same page of the relations that begin, or end, at each entity. One statement. */
export function relationsOfEntities(
  ctx: Ctx,
  rows: readonly { readonly id: string }[],
  end: keyof typeof BY_END,
  args: ListArgs,
): Promise<Connection<EntityRelationRow>[]> {
  return listsOf(ctx, ENTITY_RELATION, BY_END[end], keysOf(rows, 'id'), args);
}

const BY_END = {
  from: {
    name: 'byFrom',
    casts: ['uuid'],
    on: (child, parent) => `${child}.from_id = ${parent}.k0`,
  },
  to: { name: 'byTo', casts: ['uuid'], on: (child, parent) => `${child}.to_id = ${parent}.k0` },
} as const satisfies Record<string, Link>;

/**
 * The entities at one end of relations, null where one went meanwhile. Those that came with their relation are not
 * read again. At most one statement.
 */
export async function endsOf<End extends 'from' | 'to'>(
  ctx: Ctx,
  relations: readonly Pick<MetRelation, `${End}Id`>[],
  end: End,
  columns: Columns | null,
): Promise<(EntityRow | null)[]> {
  const known = relations.map((relation) => (relation as MetRelation)[end]);
  const ids = relations.map((relation, at) => (known[at] ? null : relation[`${end}Id`]));
  const loaded = await entitiesById(ctx, ids, columns);
  return relations.map((_, at) => shownAs(known[at]) ?? loaded[at]!);
}

/** When rows were made; null where one went meanwhile. What a walk met does not say: one statement for all of it. */
export async function createdAtOf<Row extends { readonly createdAt: Instant }>(
  ctx: Ctx,
  load: Loader<Row>,
  rows: readonly (Partial<Pick<Row, 'createdAt'>> & { readonly id: string })[],
): Promise<(Instant | null)[]> {
  const ids = rows.map(({ id, createdAt }) => (createdAt ? null : id));
  const loaded = await load(ctx, ids, CREATED_AT);
  return rows.map(({ createdAt }, at) => createdAt ?? loaded[at]?.createdAt ?? null);
}

const CREATED_AT: Columns = { names: new Set(['id', 'createdAt']), cursors: false };

/** What a walk met, as fields take it: whoever wants `createdAt` asks createdAtOf. */
export function shownAs(met: GraphNode): EntityRow;
export function shownAs(met: GraphNode | undefined): EntityRow | undefined;
export function shownAs(met: GraphNode | undefined): EntityRow | undefined {
  return met as EntityRow | undefined;
}

/** The same of a relation. */
export function shownRelation(met: MetRelation): EntityRelationRow {
  return met as unknown as EntityRelationRow;
}
