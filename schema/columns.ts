/** From what an operation shows of a type to the columns that are read for it. */
import type { GraphQLField } from 'graphql';
import type { Ctx } from '../resolvers/context.ts';
import type { AnyEntity } from '../resolvers/entity.ts';
import type { Loader } from '../resolvers/loaders.ts';
import type { Columns } from '../resolvers/selected.ts';
import type { Shown } from './batch.ts';

type Field = GraphQLField<unknown, unknown>;

/** Of what is shown, the columns of each entity. */
const known = new WeakMap<NonNullable<Shown>, Map<string, Columns | null>>();

/**
 * The columns of an entity's rows that the fields shown of its type need: of an exposed one its own, of others those
 * that they name by `needs`. Null, which is all of them, where one does not name any or nothing is known.
 */
export function columnsShown(shown: Shown, entity: AnyEntity): Columns | null {
  if (!shown) return null;
  let ofEntities = known.get(shown);
  if (!ofEntities) known.set(shown, (ofEntities = new Map()));
  let columns = ofEntities.get(entity.name);
  if (columns === undefined) {
    columns = columnsOf(shown, entity);
    ofEntities.set(entity.name, columns);
  }
  return columns;
}

/** Arguments of a list, with what is read of its rows. */
export function showing<Args extends object>(
  shown: Shown,
  entity: AnyEntity,
  args: Args,
): Args & { readonly columns: Columns | null } {
  return { ...args, columns: columnsShown(shown, entity) };
}

function columnsOf(shown: NonNullable<Shown>, entity: AnyEntity): Columns | null {
  const names = new Set<string>();
  for (const field of shown.get(entity.name) ?? []) {
    const needed = neededBy(field);
    if (!needed) return null;
    for (const name of needed) names.add(name);
  }
  const ofPage = [...(shown.get('PageInfo') ?? [])];
  const cursors =
    shown.has(`${entity.name}Edge`) || ofPage.some(({ name }) => name.endsWith('Cursor'));
  return { names, cursors };
}

/** Properties of its parent; undefined where it may read any. */
export function neededBy({ extensions }: Field): readonly string[] | undefined {
  const exposed = extensions['pothosExposedField'] as string | undefined;
  return exposed === undefined ? (extensions['needs'] as readonly string[] | undefined) : [exposed];
}

/**
 * Of a field that leads to one row, by a key that its parent has: `...byKey(RUN, runsById, 'runId')`. Null for a null
 * key.
 */
export function byKey<Key extends string, Row>(entity: AnyEntity, load: Loader<Row>, key: Key) {
  type Parent = Readonly<Record<Key, string | null>>;
  return {
    needs: [key] as const,
    batch: (parents: readonly Parent[], _args: object, ctx: Ctx, shown: Shown) => {
      const keys = parents.map((parent) => parent[key]);
      return load(ctx, keys, columnsShown(shown, entity));
    },
  };
}
