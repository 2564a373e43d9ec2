/** Relay's nodes: whatever has an id of its own can be read again by it. */
import type { InterfaceRef, ObjectFieldsShape, ObjectRef } from '@pothos/core';
import type { Ctx } from '../resolvers/context.ts';
import type { Entity } from '../resolvers/entity.ts';
import { Invalid } from '../resolvers/errors.ts';
import { shown as shownValue } from '../resolvers/issues.ts';
import { globalId, readGlobalId } from '../resolvers/keys.ts';
import type { Loader } from '../resolvers/loaders.ts';
import type { Shown } from './batch.ts';
import { builder, type Types } from './builder.ts';
import { columnsShown } from './columns.ts';

/** Ids of one `nodes`. */
export const NODES_MAX = 100;

interface NodeOptions<Row> {
  readonly description: string;
  /** What its rows are of. */
  readonly entity: Entity<Row>;
  /** What `key` reads. */
  readonly keys: readonly (keyof Row & string)[];
  /** Names the row within its type. */
  readonly key: (row: Row) => string;
  /** Rows by such keys, in their order; null where there is none, or none that the viewer may see. */
  readonly load: Loader<Row>;
}

/** Rows of a type by their keys. */
type Find = (
  ctx: Ctx,
  keys: readonly string[],
  shown: Shown,
) => Promise<readonly (object | null)[]>;

const finds = new Map<string, Find>();

export const Node: InterfaceRef<Types, object> = builder.interfaceRef<object>('Node').implement({
  description: 'Anything with an id of its own.',
  fields: (t) => ({
    id: t.id({ description: 'Unique in the whole graph; opaque.', resolve: () => '' }),
  }),
});

/** An object type that is a node: it gets `id`, and `node(id)` finds it. */
export function nodeType<Row extends object>(
  name: string,
  options: NodeOptions<Row>,
  fields: ObjectFieldsShape<Types, Row>,
): ObjectRef<Types, Row> {
  finds.set(name, (ctx, keys, shown) =>
    options.load(ctx, keys, columnsShown(shown, options.entity)),
  );
  return builder.objectRef<Row>(name).implement({
    description: options.description,
    interfaces: [Node as never],
    fields: (t) => ({
      id: t.id({ needs: options.keys, resolve: (row) => globalId(name, options.key(row)) }),
      ...fields(t),
    }),
  });
}

builder.queryField('node', (t) =>
  t.batch({
    type: Node,
    nullable: true,
    description: 'Whatever has this id; null when it is gone. A damaged id is INVALID.',
    args: { id: t.arg.id({ required: true }) },
    batch: async (_roots, { id }, ctx, shown) => {
      const [found] = await nodesById(ctx, [id], 'id', shown);
      return [found ?? null];
    },
  }),
);

builder.queryField('nodes', (t) =>
  t.batch({
    type: t.listRef(Node, { nullable: true }),
    description: `Whatever has these ids (at most ${NODES_MAX}), in their order.`,
    args: { ids: t.arg.idList({ required: true }) },
    extensions: { size: ({ ids }: { ids?: unknown }) => (Array.isArray(ids) ? ids.length : 1) },
    batch: async (_roots, { ids }, ctx, shown) => {
      if (ids.length > NODES_MAX) {
        throw new Invalid('ids', `may hold at most ${NODES_MAX}, got ${ids.length}`);
      }
      return [(await nodesById(ctx, ids, 'ids', shown)) as (object | null)[]];
    },
  }),
);

/** A row as a field of type Node answers it. */
export function asNode(type: string, row: object | null | undefined): object | null {
  return row ? { ...row, __typename: type } : null;
}

/** One statement per type named; an Error in the place of a damaged id. */
async function nodesById(ctx: Ctx, ids: readonly string[], path: string, shown: Shown) {
  const found: (object | Error | null)[] = ids.map(() => null);
  const wanted = new Map<string, { key: string; index: number }[]>();
  for (const [index, id] of ids.entries()) {
    const read = readGlobalId(id);
    if (!read || !finds.has(read.type)) {
      const at = path === 'ids' ? `ids[${index}]` : path;
      found[index] = new Invalid(at, `must be the id of a node, got ${shownValue(id)}`);
      continue;
    }
    wanted.set(read.type, [...(wanted.get(read.type) ?? []), { key: read.key, index }]);
  }
  await Promise.all(
    [...wanted].map(async ([type, places]) => {
      const keys = places.map(({ key }) => key);
      const rows = await finds.get(type)!(ctx, keys, shown);
      for (const [place, { index }] of places.entries()) {
        const row = rows[place];
        found[index] = asNode(type, row);
      }
    }),
  );
  return found;
}
