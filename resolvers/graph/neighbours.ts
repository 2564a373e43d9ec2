/**
 * Neighbours of many entities at once. With a filter it is a semi-join: the graph answers who they are, and SQL which of
 * those match; one statement of each for a level, however many parents it has.
 */
import type { Connection } from '../connection.ts';
import type { Ctx } from '../context.ts';
import { Invalid, Limited } from '../errors.ts';
import { compileFilter, params, type Filter } from '../filter.ts';
import { LEVEL_ROWS_MAX } from '../list.ts';
import { FOREIGN_CURSOR, readCursor, readPage, writeCursor, type PageArgs } from '../page.ts';
import { authorize } from '../policy.ts';
import { dynamicStatement } from '../sql.ts';
import { isGraphId } from './check.ts';
import { ENTITY } from './entities.ts';
import {
  PAGE_MAX,
  ROOTS_MAX,
  type Degree,
  type Direction,
  type GraphNode,
  type Neighbour,
  type NeighbourPage,
  type Walk,
} from './port.ts';
import type { MetRelation } from './rows.ts';

/** With a filter, so many neighbours are looked at for each that a page may hold; PAGE_MAX at most. */
export const LOOKED_AT_EACH = 5;

/** What is walked, as clients write it: null is as good as left out. */
export interface WalkArgs {
  readonly direction: Direction;
  readonly relationKinds?: readonly string[] | null | undefined;
  readonly kinds?: readonly string[] | null | undefined;
}

export interface NeighbourArgs extends WalkArgs, Pick<PageArgs, 'first' | 'after'> {
  /** Of the neighbours themselves. */
  readonly filter?: Filter | null | undefined;
}

export interface NeighbourEdge {
  readonly cursor: string;
  readonly node: GraphNode;
  readonly relation: MetRelation;
}

/** A page of one entity's neighbours. */
export interface NeighbourConnection {
  readonly edges: readonly NeighbourEdge[];
  /** Ends with the last neighbour that was looked at: the next page goes on behind it. */
  readonly page: Pick<
    Connection<{ readonly cursor: string }>,
    'nodes' | 'hasNextPage' | 'hasPreviousPage' | 'cursorOf'
  >;
  /** Set where the page could be fuller: so many were looked at, and there are more. */
  readonly cut: { readonly by: 'NEIGHBOURS'; readonly at: number } | null;
}

/** As the port takes it. */
export function walkOf({ direction, relationKinds, kinds }: WalkArgs): Walk {
  return {
    direction,
    ...(relationKinds ? { relationKinds } : {}),
    ...(kinds ? { nodeKinds: kinds } : {}),
  };
}

/**
 * The same page of each entity's neighbours, in the order of relations' ids. Kinds that nothing has match nothing.
 *
 * Refuses: Invalid (the page, a cursor, the filter), Limited (LEVEL_ROWS_MAX, kinds).
 * Cost: a statement of the graph for each ROOTS_MAX entities, and with a filter one of SQL.
 */
export async function neighboursOf(
  ctx: Ctx,
  parents: readonly { readonly id: string }[],
  args: NeighbourArgs,
): Promise<NeighbourConnection[]> {
  authorize(ctx.viewer, 'graph.read', ctx.viewer);
  const { size } = readPage({ first: args.first, after: args.after });
  const after = afterOf(args);
  const looked = Math.max(1, args.filter ? Math.min(PAGE_MAX, size * LOOKED_AT_EACH) : size);
  const ids = [...new Set(parents.map(({ id }) => id))];
  if (ids.length * looked > LEVEL_ROWS_MAX) {
    throw new Limited('neighbours of one level', LEVEL_ROWS_MAX, ids.length * looked);
  }
  const graph = ctx.graphFor(ctx);
  const page = { first: looked, ...(after === null ? {} : { after }) };
  const pages = await inParts(ids, (part) =>
    graph.neighbours(ctx.viewer.workspaceId, part, walkOf(args), page),
  );
  const matching = args.filter ? await matchingIds(ctx, pages, args.filter) : null;
  const found = new Map(ids.map((id, at) => [id, pages[at]!]));
  const list: List = { size, looked, isAfter: after !== null, binding: bindingOf(args), matching };
  return parents.map((parent) => connectionOf(parent, found.get(parent.id)!, list));
}

/** Relations of the walked kinds at each entity. A statement of the graph for each ROOTS_MAX entities. */
export async function degreesOf(
  ctx: Ctx,
  parents: readonly { readonly id: string }[],
  relationKinds: readonly string[] | null | undefined,
): Promise<Degree[]> {
  authorize(ctx.viewer, 'graph.read', ctx.viewer);
  const ids = [...new Set(parents.map(({ id }) => id))];
  const degrees = await inParts(ids, (part) =>
    ctx.graphFor(ctx).degrees(ctx.viewer.workspaceId, part, relationKinds ?? undefined),
  );
  const found = new Map(ids.map((id, at) => [id, degrees[at]!]));
  return parents.map(({ id }) => found.get(id)!);
}

async function inParts<Answer>(
  ids: readonly string[],
  read: (part: readonly string[]) => Promise<readonly Answer[]>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let from = 0; from < ids.length; from += ROOTS_MAX) {
    answers.push(...(await read(ids.slice(from, from + ROOTS_MAX))));
  }
  return answers;
}

/** Which of the neighbours match. */
async function matchingIds(
  ctx: Ctx,
  pages: readonly NeighbourPage[],
  filter: Filter,
): Promise<ReadonlySet<string>> {
  const ids = new Set(pages.flatMap(({ items }) => items.map(({ node }) => node.id)));
  const into = params();
  const among = into.add([...ids], 'uuid[]');
  const within = ENTITY.within('x', into.add(ctx.viewer.workspaceId, 'uuid'));
  const condition = compileFilter(ENTITY, filter, 'x', { params: into, now: ctx.now() });
  if (ids.size === 0) return ids;
  const matching = dynamicStatement<{ id: string }>(
    'entities.matching',
    `SELECT x.id FROM ${ENTITY.table} x WHERE x.id = ANY(${among}) AND ${within} AND ${condition}`,
  );
  const rows = await ctx.sql.query(matching, into.values);
  return new Set(rows.map(({ id }) => id));
}

/** What the pages of a level have in common. */
interface List {
  readonly size: number;
  readonly looked: number;
  readonly isAfter: boolean;
  readonly binding: string;
  /** Null where all match. */
  readonly matching: ReadonlySet<string> | null;
}

function connectionOf(
  parent: { readonly id: string },
  { items, hasMore }: NeighbourPage,
  { size, looked, isAfter, binding, matching }: List,
): NeighbourConnection {
  const fitting = items.filter(({ node }) => !matching || matching.has(node.id));
  const shown = fitting.slice(0, size);
  const isFull = shown.length < fitting.length || size === 0;
  const isCut = matching !== null && !isFull && hasMore && shown.length < size;
  const cursorOf = ({ relation }: Neighbour) => writeCursor(binding, [relation.id]);
  const edges = shown.map((item) => ({
    cursor: cursorOf(item),
    node: item.node,
    relation: tied(item, parent as GraphNode),
  }));
  const last = isFull ? undefined : items.at(-1);
  return {
    edges,
    page: {
      nodes: last ? [...edges, { cursor: cursorOf(last) }] : edges,
      hasNextPage: hasMore || shown.length < fitting.length,
      hasPreviousPage: isAfter,
      cursorOf: ({ cursor }) => cursor,
    },
    cut: isCut ? { by: 'NEIGHBOURS', at: looked } : null,
  };
}

/** The relation with both of its ends. The parent was read with all that the operation shows of entities. */
function tied({ relation, node }: Neighbour, parent: GraphNode): MetRelation {
  const end = (id: string) => (id === parent.id ? parent : node);
  return { ...relation, from: end(relation.fromId), to: end(relation.toId) };
}

function bindingOf({ direction, relationKinds, kinds, filter }: NeighbourArgs): string {
  return `Entity.neighbours ${JSON.stringify([direction, relationKinds ?? null, kinds ?? null, filter ?? null])}`;
}

function afterOf(args: NeighbourArgs): string | null {
  if (args.after == null) return null;
  const [id] = readCursor(bindingOf(args), args.after, 'after');
  if (typeof id !== 'string' || !isGraphId(id)) throw new Invalid('after', FOREIGN_CURSOR);
  return id;
}
