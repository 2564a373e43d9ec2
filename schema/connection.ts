/** Relay connections over resolvers/list.ts. */
import type { ObjectRef } from '@pothos/core';
import type { Ctx } from '../resolvers/context.ts';
import { Invalid } from '../resolvers/errors.ts';
import type { Connection, Counter } from '../resolvers/connection.ts';
import { builder, type Types } from './builder.ts';

/** Of any page that has as much of a connection as this reads. */
export const PageInfo = builder.objectRef<Connection<object>>('PageInfo').implement({
  description:
    'Where a page lies in its list. Behind the direction of reading it goes by the cursor given.',
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage'),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage'),
    startCursor: t.field({
      type: 'Cursor',
      nullable: true,
      resolve: (page) => cursorAt(page, 0),
    }),
    endCursor: t.field({
      type: 'Cursor',
      nullable: true,
      resolve: (page) => cursorAt(page, -1),
    }),
  }),
});

/** `XConnection` and `XEdge` of a type. A total is counted only when asked for, for all of a level at once. */
export function connectionType<Row extends object>(
  name: string,
  node: ObjectRef<Types, Row>,
): ObjectRef<Types, Connection<Row>> {
  const edge = builder.objectRef<{ page: Connection<Row>; node: Row }>(`${name}Edge`).implement({
    fields: (t) => ({
      cursor: t.field({ type: 'Cursor', resolve: ({ page, node: row }) => page.cursorOf(row) }),
      node: t.field({ type: node, resolve: ({ node: row }) => row as never }),
    }),
  });
  return builder.objectRef<Connection<Row>>(`${name}Connection`).implement({
    description: `A page of a list of ${name}.`,
    fields: (t) => ({
      nodes: t.field({ type: [node], resolve: (page) => page.nodes as never }),
      edges: t.field({
        type: [edge],
        resolve: (page) => page.nodes.map((row) => ({ page, node: row })),
      }),
      pageInfo: t.field({
        type: PageInfo,
        resolve: (page) => page as unknown as Connection<object>,
      }),
      totalCount: t.batch({
        type: 'Int',
        description:
          'Rows of the whole list, all pages together. Reads all that match: ask where it is shown, `atMost` where "10,000 or more" will do.',
        args: {
          atMost: t.arg.int({ description: 'Stops counting there; from 1.' }),
        },
        batch: totals,
      }),
    }),
  });
}

/** One count per list that the level's connections come from. */
async function totals(
  pages: readonly { counter: Counter; index: number }[],
  { atMost }: { atMost?: number | null | undefined },
  ctx: Ctx,
): Promise<number[]> {
  const limit = atMost ?? undefined;
  if (limit !== undefined && limit < 1) throw new Invalid('atMost', `must be from 1, got ${limit}`);
  const counts = await Promise.all(pages.map((page) => page.counter(ctx, limit)));
  return pages.map((page, index) => Math.min(counts[index]?.[page.index] ?? 0, limit ?? Infinity));
}

function cursorAt(page: Connection<object>, place: 0 | -1): string | null {
  const row = page.nodes.at(place);
  return row ? page.cursorOf(row) : null;
}
