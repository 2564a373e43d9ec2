/** What anybody may do to the graph, a batch at a time. Sent twice it is as if it were sent once. */
import type { Ctx } from '../context.ts';
import { Invalid } from '../errors.ts';
import { collectIssues, type Issues } from '../issues.ts';
import { uuidOf } from '../keys.ts';
import { forgetLoaded } from '../loaders.ts';
import { authorize } from '../policy.ts';
import { entityUuid } from './ids.ts';
import { KEPT_KINDS } from './kept-kinds.ts';
import { entitiesById, entityRelationsById } from './loaders.ts';
import type { EntityRelationRow, EntityRow } from './rows.ts';
import {
  writeGraph,
  type End,
  type GraphWrites,
  type NodeWrite,
  type Paths,
  type RelationWrite,
  type Stored,
  type Written,
} from './write.ts';

/** As clients write it: an id may be a global one, a property anything. */
export type EntityInput = Omit<NodeWrite, 'properties'> & { readonly properties?: unknown };
export type RelationInput = Omit<RelationWrite, 'properties'> & { readonly properties?: unknown };

/** What a batch did: rows in the order of the input, null where one went since. */
export interface Upserted<Row> {
  readonly rows: readonly (Row | null)[];
  readonly createdCount: number;
  readonly changedCount: number;
}

/**
 * Makes entities, and changes those that are there.
 *
 * Writes: graph_node (one transaction).
 * Refuses: as writeGraph; Invalid as well for kinds of KEPT_KINDS; Forbidden.
 * Cost: 2 to 4 statements, whatever their number.
 */
export async function upsertEntities(
  ctx: Ctx,
  input: { readonly entities: readonly EntityInput[] },
): Promise<Upserted<EntityRow>> {
  const nodes = withIds(input.entities, 'input.entities', entityIds);
  const { nodes: stored } = await write(ctx, { nodes }, { nodes: 'input.entities' });
  return { rows: await entitiesById(ctx, idsOf(stored)), ...counted(stored) };
}

/**
 * Makes relations between entities that are there, and changes those that are there.
 *
 * Writes: graph_relation (one transaction).
 * Refuses: as writeGraph; Invalid as well for kinds of KEPT_KINDS; Forbidden.
 * Cost: 3 to 5 statements, whatever their number.
 */
export async function upsertRelations(
  ctx: Ctx,
  input: { readonly relations: readonly RelationInput[] },
): Promise<Upserted<EntityRelationRow>> {
  const relations = withIds(input.relations, 'input.relations', relationIds);
  const written = await write(ctx, { relations }, { relations: 'input.relations' });
  const { relations: stored } = written;
  return { rows: await entityRelationsById(ctx, idsOf(stored)), ...counted(stored) };
}

/**
 * Removes entities, with all relations from and to them. Answers the ids of those that were there.
 *
 * Writes: graph_node, graph_relation (one transaction).
 * Refuses: Invalid (an id that is none, one twice, an entity of KEPT_KINDS), Forbidden, Limited.
 * Cost: 3 statements.
 */
export async function removeEntities(
  ctx: Ctx,
  input: { readonly ids: readonly string[] },
): Promise<readonly string[]> {
  const removedNodes = withIds(input.ids, 'input.ids', (id, path, issues) =>
    uuidIn('Entity', id, path, issues),
  );
  const written = await write(ctx, { removedNodes }, { removedNodes: 'input.ids' });
  return written.removedNodes;
}

/**
 * Removes relations. Answers the ids of those that were there.
 *
 * Writes: graph_relation (one transaction). Refuses: Invalid (an id that is none, one twice), Forbidden, Limited.
 * Cost: 2 statements.
 */
export async function removeRelations(
  ctx: Ctx,
  input: { readonly ids: readonly string[] },
): Promise<readonly string[]> {
  const removedRelations = withIds(input.ids, 'input.ids', (id, path, issues) =>
    uuidIn('EntityRelation', id, path, issues),
  );
  const written = await write(ctx, { removedRelations }, { removedRelations: 'input.ids' });
  return written.removedRelations;
}

async function write(ctx: Ctx, writes: GraphWrites, paths: Partial<Paths>): Promise<Written> {
  authorize(ctx.viewer, 'graph.write', ctx.viewer);
  const { workspaceId } = ctx.viewer;
  const options = { paths, keptKinds: KEPT_KINDS };
  const written = await ctx.sql.transaction((tx) => writeGraph(tx, workspaceId, writes, options));
  forgetLoaded(ctx);
  return written;
}

function withIds<Input, Output>(
  list: readonly Input[],
  path: string,
  read: (item: Input, path: string, issues: Issues) => Output,
): Output[] {
  const issues = collectIssues();
  const items = list.map((item, at) => read(item, `${path}[${at}]`, issues));
  if (issues.count() > 0) throw issues.refusal('input');
  return items;
}

const entityIds = (entity: EntityInput, path: string, issues: Issues): NodeWrite =>
  ({
    ...entity,
    id: entity.id == null ? null : uuidIn('Entity', entity.id, `${path}.id`, issues),
  }) as NodeWrite;

const relationIds = (relation: RelationInput, path: string, issues: Issues): RelationWrite => {
  const end = (given: End | null | undefined, at: string) =>
    given?.id == null ? given : { ...given, id: uuidIn('Entity', given.id, `${at}.id`, issues) };
  const id =
    relation.id == null ? null : uuidIn('EntityRelation', relation.id, `${path}.id`, issues);
  const [from, to] = [end(relation.from, `${path}.from`), end(relation.to, `${path}.to`)];
  return { ...relation, id, from, to } as RelationWrite; // Properties are checked by writeGraph.
};

/** The uuid; adds an issue where there is none. */
function uuidIn(type: string, id: string, path: string, issues: Issues): string {
  try {
    return type === 'Entity' ? entityUuid(id, path) : uuidOf(type, id, path);
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    for (const issue of error.issues) issues.add(issue.path, issue.message);
    return id;
  }
}

function idsOf(stored: readonly Stored[]): string[] {
  return stored.map(({ id }) => id);
}

function counted(stored: readonly Stored[]) {
  return {
    createdCount: stored.filter(({ did }) => did === 'CREATED').length,
    changedCount: stored.filter(({ did }) => did === 'CHANGED').length,
  };
}
