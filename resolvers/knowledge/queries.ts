/** Reading documents: look-ups, lists, and, through the graph, what they mention and where entities are mentioned. */
import { once, type Connection } from '../connection.ts';
import type { Ctx } from '../context.ts';
import { Invalid } from '../errors.ts';
import type { Neighbour, NeighbourPage, Walk } from '../graph/port.ts';
import { canonicalId, uuidOf } from '../keys.ts';
import { listOf, type ListArgs } from '../list.ts';
import { FOREIGN_CURSOR, readCursor, readPage, writeCursor, type PageArgs } from '../page.ts';
import { authorize } from '../policy.ts';
import type { Columns } from '../selected.ts';
import { DOCUMENT } from './entities.ts';
import { documentsById } from './loaders.ts';
import { DOCUMENT_KIND, MENTION_KIND, mentionOf } from './model.ts';
import type { DocumentRow } from './rows.ts';

/** That a document mentions an entity: a relation of the graph. */
export interface Mention {
  /** Of the relation. */
  readonly id: string;
  readonly documentId: string;
  readonly entityId: string;
  readonly count: number;
  readonly positions: readonly number[];
}

/** Null when it is not there. Refuses an id that is none with Invalid. One statement. */
export async function document(
  ctx: Ctx,
  id: string,
  columns?: Columns | null,
): Promise<DocumentRow | null> {
  const [row] = await documentsById(ctx, [uuidOf('Document', id, 'id')], columns);
  return row ?? null;
}

/** A page of the workspace's documents. One statement. */
export function documents(ctx: Ctx, args: ListArgs): Promise<Connection<DocumentRow>> {
  return listOf(ctx, DOCUMENT, args);
}

type Forward = Pick<PageArgs, 'first' | 'after'>;

/** The same page of what each document mentions, in the order of relations. One read of the graph. */
export async function mentionsOfDocuments(
  ctx: Ctx,
  rows: readonly { readonly id: string }[],
  args: Forward,
): Promise<Connection<Mention>[]> {
  const level = await readLevel(ctx, rows, 'OUT', args);
  return pagesOf(level, ({ relation }) => ({
    id: relation.id,
    documentId: relation.fromId,
    entityId: relation.toId,
    ...mentionOf(relation.properties),
  }));
}

/**
 * The same page of the documents that mention each entity, in the order of relations. One read of the graph and one
 * statement. A document that is gone from the rows and still in the graph is left out.
 */
export async function documentsOfEntities(
  ctx: Ctx,
  rows: readonly { readonly id: string }[],
  args: Forward,
  columns?: Columns | null,
): Promise<Connection<DocumentRow>[]> {
  const level = await readLevel(ctx, rows, 'IN', args);
  const ids = level.pages.flatMap(({ items }) => items.map(({ node }) => node.id));
  const found = new Map<string, DocumentRow>();
  for (const row of await documentsById(ctx, ids, columns)) if (row) found.set(row.id, row);
  return pagesOf(level, ({ node }) => found.get(node.id));
}

/** Mentions of many nodes. */
interface Level {
  readonly pages: readonly NeighbourPage[];
  readonly ids: readonly string[];
  readonly direction: 'OUT' | 'IN';
  readonly after: string | null;
}

/** Refuses: Invalid (size, cursor), Limited (nodes of one level, `first` of all of them). */
async function readLevel(
  ctx: Ctx,
  rows: readonly { readonly id: string }[],
  direction: Level['direction'],
  args: Forward,
): Promise<Level> {
  authorize(ctx.viewer, 'knowledge.read', ctx.viewer);
  const { size, after } = readPage(args);
  const ids = rows.map(({ id }) => id);
  const level = { ids, direction, after };
  const walk: Walk = {
    direction,
    relationKinds: [MENTION_KIND],
    ...(direction === 'IN' ? { nodeKinds: [DOCUMENT_KIND] } : {}),
  };
  const page = { first: Math.max(size, 1), ...(after === null ? {} : { after: readAfter(after) }) };
  const pages = await ctx.graphFor(ctx).neighbours(ctx.viewer.workspaceId, ids, walk, page);
  if (size > 0) return { ...level, pages };
  const none = pages.map(({ items }) => ({ items: [], hasMore: items.length > 0 }));
  return { ...level, pages: none };
}

/** Tells cursors of these lists from others. */
const BINDING = 'Mention';

function readAfter(cursor: string): string {
  const id = readCursor(BINDING, cursor, 'after')[0];
  if (typeof id !== 'string' || canonicalId(id) !== id) throw new Invalid('after', FOREIGN_CURSOR);
  return id;
}

/** What is made of each neighbour; left out where that is nothing. */
function pagesOf<Row extends object>(
  { pages, ids, direction, after }: Level,
  rowOf: (neighbour: Neighbour) => Row | undefined,
): Connection<Row>[] {
  const counter = once(async (ctx) => {
    const { workspaceId } = ctx.viewer;
    const degrees = await ctx.graphFor(ctx).degrees(workspaceId, ids, [MENTION_KIND]);
    return degrees.map((degree) => (direction === 'OUT' ? degree.out : degree.in));
  });
  return pages.map(({ items, hasMore }, index) => {
    const relations = new Map<Row, string>();
    for (const item of items) {
      const row = rowOf(item);
      if (row) relations.set(row, item.relation.id);
    }
    return {
      nodes: [...relations.keys()],
      hasNextPage: hasMore,
      hasPreviousPage: after !== null,
      cursorOf: (row) => writeCursor(BINDING, [relations.get(row)]),
      counter,
      index,
    };
  });
}
