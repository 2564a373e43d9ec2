/** A schema with everything in it that a field can be, over the world of values.ts. */
import {
  GraphQLInt,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  GraphQLUnionType,
  type GraphQLFieldConfig,
  type GraphQLOutputType,
} from 'graphql';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BatchFunction } from '../plan.ts';
import type { Shown } from '../shown.ts';
import { hashOf } from './random.ts';
import { bare, COLOR, KINDS, LEAVES, SHAPE, WRAPPINGS, type Kind } from './types.ts';
import { later, oddOf, pathText, valueOf, type Thing, type World } from './values.ts';

interface Making {
  /** Whether batch fields have a batch function; else graphql-js's resolver over one parent. */
  readonly batch: boolean;
  /** False: the same without any non-null, to learn all errors that are possible. */
  readonly strict?: boolean;
}

/** Makes the schema: objects with and without `isTypeOf`, two interfaces, a union, and all fields on each of them. */
export function worldSchema(making: Making): GraphQLSchema {
  const composites: Record<string, GraphQLOutputType> = {};
  const fields = (of: string) => () => fieldsOf(making, of, composites);
  const node = new GraphQLInterfaceType({ name: 'Node', fields: fields('Node'), resolveType });
  const named = new GraphQLInterfaceType({ name: 'Named', fields: fields('Named') });
  const judged = (name: string, interfaces: readonly GraphQLInterfaceType[]) =>
    new GraphQLObjectType({
      name,
      interfaces: [...interfaces],
      fields: fields(name),
      isTypeOf: (value: Thing, { async }: World) => {
        const is = value.kind === name && oddOf(value, `is${name}`) !== 'wrong';
        return async && value.number % 5 === 0 ? Promise.resolve(is) : is;
      },
    });
  const ant = judged('Ant', [node, named]);
  const bee = judged('Bee', [node, named]);
  const cat = judged('Cat', [named]);
  const dot = new GraphQLObjectType({ name: 'Dot', interfaces: [node], fields: fields('Dot') });
  const leafy = new GraphQLObjectType({
    name: 'Leafy',
    fields: () => leafFields(making, 'Leafy'),
  });
  const pet = new GraphQLUnionType({ name: 'Pet', types: [ant, cat, dot] });
  Object.assign(composites, { ant, dot, leafy, node, named, pet });
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: fields('Query') }),
    mutation: new GraphQLObjectType({ name: 'Mutation', fields: fields('Mutation') }),
    types: [ant, bee, cat, dot],
  });
}

function resolveType(
  value: Thing,
  { async }: World,
): string | undefined | Promise<string | undefined> {
  const is = oddOf(value, 'resolveType');
  if (is === 'fail') throw new Error(`no type of ${value.number}`);
  const wrong = is === 'wrong' ? 'Query' : value.kind;
  const name = is === 'null' ? undefined : wrong;
  return async && value.number % 3 === 0 ? Promise.resolve(name) : name;
}

type Fields = Record<string, GraphQLFieldConfig<unknown, World>>;

function leafFields(making: Making, of: string): Fields {
  const fields: Fields = {};
  for (const [leaf, type] of Object.entries(LEAVES)) {
    for (const wrapping of ['One', 'Must', 'Some']) {
      const name = `${leaf}${wrapping}`;
      fields[name] = fieldOf(making, of, name, wrapped(making, type, wrapping), 'property');
    }
  }
  return fields;
}

function fieldsOf(
  making: Making,
  of: string,
  composites: Record<string, GraphQLOutputType>,
): Fields {
  const fields = leafFields(making, of);
  let at = 0;
  for (const [start, type] of [...Object.entries(LEAVES), ...Object.entries(composites)]) {
    for (const wrapping of Object.keys(WRAPPINGS)) {
      at += 1;
      const kind = KINDS[at % KINDS.length]!;
      const name = `${start}${wrapping}_${kind}`;
      fields[name] = fieldOf(making, of, name, wrapped(making, type, wrapping), kind);
    }
  }
  return fields;
}

function wrapped({ strict }: Making, type: GraphQLOutputType, wrapping: string): GraphQLOutputType {
  const whole = WRAPPINGS[wrapping]!(type);
  return strict === false ? bare(whole) : whole;
}

function fieldOf(
  making: Making,
  of: string,
  name: string,
  type: GraphQLOutputType,
  kind: Kind,
): GraphQLFieldConfig<unknown, World> {
  const takesArgs = kind !== 'property' && hashOf(name) % 2 === 0;
  const config: GraphQLFieldConfig<unknown, World> = takesArgs
    ? {
        type,
        args: {
          n: { type: GraphQLInt, defaultValue: 7 },
          must: { type: new GraphQLNonNull(GraphQLInt), defaultValue: 1 },
          color: { type: COLOR },
          shape: { type: SHAPE },
          list: { type: new GraphQLList(new GraphQLNonNull(GraphQLString)) },
        },
      }
    : { type };
  const value = (source: unknown, args: object, world: World, path = '') =>
    valueOf(world, source, `${of}.${name}`, type, JSON.stringify(args) + path);
  switch (kind) {
    case 'property':
    case 'method':
      return config;
    case 'plain':
      return { ...config, resolve: (source, args: object, world) => value(source, args, world) };
    case 'info':
      return {
        ...config,
        resolve: (source, args: object, world, info) =>
          value(source, args, world, pathText(info.path)),
      };
    case 'later':
      return {
        ...config,
        resolve: (source, args: object, world) =>
          later(world, `${of}.${name}`, () => value(source, args, world)),
      };
    default:
      return { ...config, ...batchOf(`${of}.${name}`, kind === 'batchLater', value, making.batch) };
  }
}

type Value = (source: unknown, args: object, world: World) => unknown;

/** As a batch function; or, for graphql-js, as the same function over one parent. */
function batchOf(field: string, isLater: boolean, value: Value, batched: boolean) {
  const batch = ((sources: readonly unknown[], args: object, world: World) => {
    const roll = hashOf(`${world.seed} ${field} batch`) % 1_000;
    if (roll < 20 * world.oddness) throw new Error(`batch of ${field} failed`);
    const one = (source: unknown) => {
      try {
        return value(source, args, world);
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error));
      }
    };
    world.met['batched parents'] = (world.met['batched parents'] ?? 0) + sources.length;
    return isLater && world.async ? nextTurn().then(() => sources.map(one)) : sources.map(one);
  }) as unknown as BatchFunction;
  if (batched) return { extensions: { batch } };
  return {
    resolve: (source: unknown, args: object, world: World) => {
      const answer = batch([source], args as never, world, NOTHING_SHOWN);
      return answer instanceof Promise
        ? answer.then(([only]: unknown[]) => only)
        : (answer as unknown[])[0];
    },
  };
}

const NOTHING_SHOWN: Shown = new Map();

let types: ReadonlyMap<string, GraphQLOutputType> | undefined;

/** The type of a field by its name: the same wherever it is. */
export function typeOf(name: string): GraphQLOutputType | undefined {
  if (!types) {
    const query = worldSchema({ batch: false }).getQueryType()!;
    types = new Map(Object.values(query.getFields()).map((field) => [field.name, field.type]));
  }
  return types.get(name);
}
