/** Arguments of lists, made from the description of an entity: its filter, its order, its page. */
import type { ArgBuilder, InputFieldMap, InputRef } from '@pothos/core';
import { columnOf, type AnyEntity, type Column, type OrderTerm } from '../resolvers/entity.ts';
import { entityNamed } from '../resolvers/entities.ts';
import type { Filter } from '../resolvers/filter.ts';
import { builder, type Types } from './builder.ts';
import { ENUMS } from './enums.ts';

const made = new Map<string, unknown>();

/** The same input type for the same name, made when first needed. */
function once<Made>(name: string, make: () => Made): Made {
  if (!made.has(name)) made.set(name, make());
  return made.get(name) as Made;
}

/** `first last before after`. */
export function pageArgs(t: ArgBuilder<Types>, max = 100, fallback = 20) {
  return {
    first: t.int({
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
  return once(name, () => {
    const ref = builder.inputRef<Filter>(name);
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
    return ref;
  });
}

function manyInput(entity: AnyEntity): InputRef<Filter> {
  const name = `${entity.name}ManyFilter`;
  return once(name, () =>
    builder.inputRef<Filter>(name).implement({
      fields: (t) => ({
        some: t.field({ type: filterInput(entity), description: 'At least one matches.' }),
        none: t.field({ type: filterInput(entity), description: 'Not one matches.' }),
      }),
    }),
  );
}

function orderInput(entity: AnyEntity): InputRef<OrderTerm> {
  const name = `${entity.name}Order`;
  return once(name, () => {
    const values = Object.fromEntries(
      entity.orders.map((field) => [constantCase(field), { value: field }]),
    );
    const field = builder.enumType(`${entity.name}OrderField`, { values });
    return builder.inputRef<OrderTerm>(name).implement({
      description: 'Null is smallest.',
      fields: (t) => ({
        field: t.field({ type: field, required: true }),
        direction: t.field({ type: Direction, required: true, defaultValue: 'ASC' }),
      }),
    });
  });
}

const Direction = builder.enumType('OrderDirection', { values: ['ASC', 'DESC'] as const });

/** The operators of a column's type. */
function operators(column: Column): InputRef<Filter> {
  switch (column.type) {
    case 'enum':
      return equality(`${column.of}Filter`, ENUMS[column.of as keyof typeof ENUMS]);
    case 'id':
      return equality('IDFilter', 'ID');
    case 'text':
      return textOperators();
    case 'tags':
      return tagOperators();
    case 'json':
      return once('JSONFilter', () =>
        builder.inputRef<Filter>('JSONFilter').implement({
          fields: (t) => ({
            contains: t.field({
              type: 'JSON',
              description: 'Holds all of this, at any place of its own.',
            }),
          }),
        }),
      );
    case 'time':
      return comparison('DateTime');
    case 'int':
      return comparison('Int');
    case 'bigint':
      return comparison('BigInt');
    case 'float':
      return comparison('Float');
  }
}

function equality(name: string, type: (typeof ENUMS)[keyof typeof ENUMS] | 'ID') {
  return once(name, () =>
    builder.inputRef<Filter>(name).implement({
      fields: (t) => ({
        eq: t.field({ type }),
        in: t.field({ type: [type] }),
        isNull: t.boolean(),
      }),
    }),
  );
}

function comparison(type: 'DateTime' | 'Int' | 'BigInt' | 'Float') {
  return once(`${type}Filter`, () =>
    builder.inputRef<Filter>(`${type}Filter`).implement({
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
  return once('StringFilter', () =>
    builder.inputRef<Filter>('StringFilter').implement({
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
  return once('TagsFilter', () =>
    builder.inputRef<Filter>('TagsFilter').implement({
      fields: (t) => ({
        has: t.string(),
        hasAny: t.stringList(),
        hasEvery: t.stringList(),
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
