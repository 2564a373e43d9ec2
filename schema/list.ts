/** Arguments of lists, made from the description of an entity: its filter, its order, its page. */
import type { ArgBuilder, InputFieldMap, InputRef } from '@pothos/core';
import {
  columnOf,
  type AnyEntity,
  type Column,
  type ColumnType,
  type OrderTerm,
} from '../resolvers/entity.ts';
import { entityNamed } from '../resolvers/entities.ts';
import type { Filter } from '../resolvers/filter.ts';
import { PAGE, type PageBounds } from '../resolvers/page.ts';
import { builder, type Types } from './builder.ts';
import { ENUMS } from './enums.ts';

const filters = new Map<string, InputRef<Filter>>();

/** The same input type for the same name. Known before it is described: filters hold each other. */
function once(name: string, describe: (ref: ImplementableInputRef) => void): InputRef<Filter> {
  const known = filters.get(name);
  if (known) return known;
  const ref = builder.inputRef<Filter>(name);
  filters.set(name, ref);
  describe(ref);
  return ref;
}

type ImplementableInputRef = ReturnType<typeof builder.inputRef<Filter>>;

/** `first last before after`. */
export function pageArgs(t: ArgBuilder<Types>, { max, fallback }: PageBounds = PAGE) {
  return {
    first: t.int({
      extensions: { fallback },
      description: `From the start, or after \`after\`: 0 to ${max}; else ${fallback}.`,
    }),
    last: t.int({
      description: `From the end, or before \`before\`: 0 to ${max}. Not with \`first\`.`,
    }),
    after: t({ type: 'Cursor', description: 'Exclusive.' }),
    before: t({ type: 'Cursor', description: 'Exclusive.' }),
  } satisfies InputFieldMap;
}

/** `filter orderBy first last before after` of a list of this entity. */
export function listArgs(t: ArgBuilder<Types>, entity: AnyEntity) {
  return {
    filter: t({ type: filterInput(entity) }),
    orderBy: t({
      type: [orderInput(entity)],
      description: `In order of weight; else ${entity.order.map(orderText).join(', ')}.`,
    }),
    ...pageArgs(t),
  };
}

/** `RunFilter`: a row matches when all that is given holds. Null is as good as left out. */
export function filterInput(entity: AnyEntity): InputRef<Filter> {
  const name = `${entity.name}Filter`;
  return once(name, (ref) => {
    ref.implement({
      description: `Matches when all that is given holds; null is as good as left out.`,
      fields: (t) => ({
        and: t.field({ type: [ref] }),
        or: t.field({ type: [ref] }),
        not: t.field({ type: ref }),
        ...Object.fromEntries([
          ...entity.filters.map((field) => [
            field,
            t.field({ type: operators(columnOf(entity, field)) }),
          ]),
          ...Object.entries(entity.relations).map(([field, relation]) => {
            const to = entityNamed(relation.to);
            const type = relation.kind === 'one' ? filterInput(to) : manyInput(to);
            return [field, t.field({ type })];
          }),
        ]),
      }),
    });
  });
}

function manyInput(entity: AnyEntity): InputRef<Filter> {
  const name = `${entity.name}ManyFilter`;
  return once(name, (ref) =>
    ref.implement({
      fields: (t) => ({
        some: t.field({ type: filterInput(entity), description: 'At least one matches.' }),
        none: t.field({ type: filterInput(entity), description: 'Not one matches.' }),
      }),
    }),
  );
}

const orders = new Map<string, InputRef<OrderTerm>>();

function orderInput(entity: AnyEntity): InputRef<OrderTerm> {
  const known = orders.get(entity.name);
  if (known) return known;
  const values = Object.fromEntries(
    entity.orders.map((field) => [constantCase(field), { value: field }]),
  );
  const fieldType = builder.enumType(`${entity.name}OrderField`, { values });
  const ref = builder.inputRef<OrderTerm>(`${entity.name}Order`).implement({
    description: 'Null is smallest.',
    fields: (t) => ({
      field: t.field({ type: fieldType, required: true }),
      direction: t.field({ type: Direction, required: true, defaultValue: 'ASC' }),
    }),
  });
  orders.set(entity.name, ref);
  return ref;
}

const Direction = builder.enumType('OrderDirection', { values: ['ASC', 'DESC'] as const });

/** The operators of a column's type. */
function operators({ type, of }: Column): InputRef<Filter> {
  if (type === 'enum') return equality(`${of}Filter`, ENUMS[of as keyof typeof ENUMS]);
  return OPERATORS[type]();
}

const OPERATORS: Readonly<Record<Exclude<ColumnType, 'enum'>, () => InputRef<Filter>>> = {
  id: () => equality('IDFilter', 'ID'),
  text: textOperators,
  tags: tagOperators,
  json: jsonOperators,
  words: wordOperators,
  time: () => comparison('DateTime'),
  int: () => comparison('Int'),
  bigint: () => comparison('BigInt'),
  float: () => comparison('Float'),
};

function equality(name: string, type: (typeof ENUMS)[keyof typeof ENUMS] | 'ID') {
  return once(name, (ref) =>
    ref.implement({
      fields: (t) => ({
        eq: t.field({ type }),
        in: t.field({ type: [type] }),
        isNull: t.boolean(),
      }),
    }),
  );
}

function comparison(type: 'DateTime' | 'Int' | 'BigInt' | 'Float') {
  return once(`${type}Filter`, (ref) =>
    ref.implement({
      fields: (t) => ({
        eq: t.field({ type }),
        in: t.field({ type: [type] }),
        lt: t.field({ type }),
        lte: t.field({ type }),
        gt: t.field({ type }),
        gte: t.field({ type }),
        isNull: t.boolean(),
        ...(type === 'DateTime'
          ? { lastHours: t.float({ description: 'Within so many hours before now.' }) }
          : {}),
      }),
    }),
  );
}

function textOperators() {
  return once('StringFilter', (ref) =>
    ref.implement({
      fields: (t) => ({
        eq: t.string(),
        in: t.stringList(),
        contains: t.string({ description: 'Anywhere, without regard to case.' }),
        startsWith: t.string({ description: 'Without regard to case.' }),
        isNull: t.boolean(),
      }),
    }),
  );
}

function tagOperators() {
  return once('TagsFilter', (ref) =>
    ref.implement({
      fields: (t) => ({
        has: t.string(),
        hasAny: t.stringList(),
        hasEvery: t.stringList(),
      }),
    }),
  );
}

function jsonOperators() {
  return once('JSONFilter', (ref) =>
    ref.implement({
      fields: (t) => ({
        contains: t.field({ type: 'JSON', description: 'Has all of this, at the same places.' }),
      }),
    }),
  );
}

function wordOperators(): InputRef<Filter> {
  return once('WordsFilter', (ref) =>
    ref.implement({
      fields: (t) => ({
        matches: t.string({
          description:
            'All of these words; also "a phrase", `or`, `-without`. Split at all but letters and digits.',
        }),
      }),
    }),
  );
}

function orderText({ field, direction }: OrderTerm): string {
  return `${constantCase(field)} ${direction}`;
}

function constantCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
