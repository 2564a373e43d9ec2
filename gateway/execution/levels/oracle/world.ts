/**
 * A schema with everything in it that a field can be, and a world of values for it: each value follows from the seed,
 * the object's number, the field and its arguments, so any executor that asks gets the same, in whatever order.
 */
import {
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLInputObjectType,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
  GraphQLUnionType,
  type DocumentNode,
  type GraphQLFieldConfig,
  type GraphQLOutputType,
} from 'graphql';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BatchFunction } from '../plan.ts';
import { hashOf } from './random.ts';

/** How a field's values are made: a property, a method, a resolver of four kinds, or a batch function. */
export const KINDS = [
  'property',
  'method',
  'plain',
  'info',
  'later',
  'batch',
  'batchLater',
] as const;
type Kind = (typeof KINDS)[number];

/** What was met, so that a run can show that it met it often enough. */
export interface Met {
  [what: string]: number;
}

/** The world of one case. It is the context of its executions. */
export interface World {
  readonly seed: number;
  /** False: nothing in it is a promise, and executors agree on the order of errors too. */
  readonly async: boolean;
  /** How often something is odd: 0 to 1. */
  readonly oddness: number;
  readonly met: Met;
}

interface Thing {
  readonly number: number;
  readonly kind: string;
  readonly world: World;
}

const COLOR = new GraphQLEnumType({
  name: 'Color',
  values: { RED: { value: 1 }, BLUE: { value: 'b' }, GREEN: {} },
});
const PAIR = new GraphQLScalarType({
  name: 'Pair',
  serialize: (value) => {
    if (value === 'odd') throw new Error('not a pair');
    return value === 'nothing' ? null : { of: value };
  },
});
const SHAPE = new GraphQLInputObjectType({
  name: 'Shape',
  fields: {
    size: { type: new GraphQLNonNull(GraphQLInt) },
    name: { type: GraphQLString, defaultValue: 'x' },
  },
});

/** Types of leaves, by the name of their fields. */
const LEAVES: Readonly<Record<string, GraphQLOutputType>> = {
  text: GraphQLString,
  int: GraphQLInt,
  float: GraphQLFloat,
  yes: GraphQLBoolean,
  key: GraphQLID,
  color: COLOR,
  pair: PAIR,
};

/** Lists and bounds around a type. */
const WRAPPINGS: Readonly<Record<string, (type: GraphQLOutputType) => GraphQLOutputType>> = {
  One: (type) => type,
  Must: (type) => nonNull(type),
  Some: (type) => new GraphQLList(type),
  All: (type) => nonNull(new GraphQLList(nonNull(type))),
  Grid: (type) => new GraphQLList(nonNull(new GraphQLList(type))),
};

function nonNull(type: GraphQLOutputType): GraphQLOutputType {
  return new GraphQLNonNull(type as never);
}

/** Makes the schema. `strict` false: the same without any non-null, to learn all errors that are possible. */
export function worldSchema(options: { batch: boolean; strict?: boolean }): GraphQLSchema {
  const node: GraphQLInterfaceType = new GraphQLInterfaceType({
    name: 'Node',
    fields: () => fieldsOf('Node'),
    resolveType: (value: Thing, { async }: World) => {
      const odd = oddOf(value, 'resolveType');
      if (odd === 'fail') throw new Error(`no type of ${value.number}`);
      const name = odd === 'null' ? undefined : odd === 'wrong' ? 'Query' : value.kind;
      return async && value.number % 3 === 0 ? Promise.resolve(name) : name;
    },
  });
  const named = new GraphQLInterfaceType({ name: 'Named', fields: () => fieldsOf('Named') });
  const objects = ['Ant', 'Bee', 'Cat'].map(
    (name) =>
      new GraphQLObjectType({
        name,
        interfaces: name === 'Cat' ? [named] : [node, named],
        fields: () => fieldsOf(name),
        isTypeOf: (value: Thing, { async }: World) => {
          const is = value.kind === name && oddOf(value, `is${name}`) !== 'wrong';
          return async && value.number % 5 === 0 ? Promise.resolve(is) : is;
        },
      }),
  );
  const plain = new GraphQLObjectType({
    name: 'Dot',
    interfaces: [node],
    fields: () => fieldsOf('Dot'),
  });
  const pet = new GraphQLUnionType({ name: 'Pet', types: [objects[0]!, objects[2]!, plain] });
  const composites: Record<string, GraphQLOutputType> = {
    ant: objects[0]!,
    dot: plain,
    leafy: new GraphQLObjectType({ name: 'Leafy', fields: () => leafFields('Leafy') }),
    node,
    named,
    pet,
  };

  function leafFields(of: string) {
    const fields: Record<string, GraphQLFieldConfig<unknown, World>> = {};
    for (const [name, type] of Object.entries(LEAVES)) {
      for (const wrapping of ['One', 'Must', 'Some'] as const) {
        const config = fieldOf(
          of,
          `${name}${wrapping}`,
          wrap(type, wrapping),
          'property',
          options.batch,
        );
        fields[`${name}${wrapping}`] = config;
      }
    }
    return fields;
  }
  function wrap(type: GraphQLOutputType, wrapping: string): GraphQLOutputType {
    const wrapped = WRAPPINGS[wrapping]!(type);
    return options.strict === false ? bare(wrapped) : wrapped;
  }
  function fieldsOf(of: string) {
    const fields = leafFields(of);
    let at = 0;
    for (const [name, type] of [...Object.entries(LEAVES), ...Object.entries(composites)]) {
      for (const wrapping of Object.keys(WRAPPINGS)) {
        at += 1;
        const kind = KINDS[at % KINDS.length]!;
        const field = `${name}${wrapping}_${kind}`;
        fields[field] = fieldOf(of, field, wrap(type, wrapping), kind, options.batch);
      }
    }
    return fields;
  }
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: () => fieldsOf('Query') }),
    mutation: new GraphQLObjectType({ name: 'Mutation', fields: () => fieldsOf('Mutation') }),
    types: [...objects, plain],
  });
}

function bare(type: GraphQLOutputType): GraphQLOutputType {
  if (type instanceof GraphQLNonNull) return bare(type.ofType as GraphQLOutputType);
  return type instanceof GraphQLList
    ? new GraphQLList(bare(type.ofType as GraphQLOutputType))
    : type;
}

function fieldOf(
  of: string,
  name: string,
  type: GraphQLOutputType,
  kind: Kind,
  batched: boolean,
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
      return { ...config, ...batchOf(`${of}.${name}`, kind === 'batchLater', value, batched) };
  }
}

type Value = (source: unknown, args: object, world: World) => unknown;

/** As a batch function; or, for graphql-js, as the same function over one parent. */
function batchOf(field: string, isLater: boolean, value: Value, batched: boolean) {
  const batch = ((sources: readonly unknown[], args: object, world: World) => {
    const odd = hashOf(`${world.seed} ${field} batch`) % 1_000;
    if (odd < 20 * world.oddness) throw new Error(`batch of ${field} failed`);
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
      const answer = batch([source], args as never, world);
      return answer instanceof Promise
        ? answer.then(([only]: unknown[]) => only)
        : (answer as unknown[])[0];
    },
  };
}

interface PathLike {
  readonly prev: PathLike | undefined;
  readonly key: string | number;
}

function pathText(path: PathLike | undefined): string {
  return path ? `${pathText(path.prev)}/${path.key}` : '';
}

function later<T>(world: World, field: string, make: () => T): T | Promise<T> {
  if (!world.async) return make();
  const wait = hashOf(`${world.seed} ${field} wait`) % 3;
  world.met['delays'] = (world.met['delays'] ?? 0) + 1;
  if (wait === 0) return Promise.resolve().then(make);
  return wait === 1
    ? nextTurn().then(make)
    : nextTurn()
        .then(() => nextTurn())
        .then(make);
}

type Odd = 'null' | 'fail' | 'error' | 'wrong' | 'thrown' | null;

function oddOf({ world, number }: Thing, what: string): Odd {
  return odd(world, `${number} ${what}`);
}

function odd({ seed, oddness }: World, what: string): Odd {
  const roll = (hashOf(`${seed} ${what} odd`) % 10_000) / 10_000;
  if (roll >= oddness) return null;
  const which = hashOf(`${seed} ${what} which`) % 20;
  if (which < 9) return 'null';
  if (which < 14) return 'fail';
  if (which < 17) return 'error';
  return which < 19 ? 'wrong' : 'thrown';
}

/** The value of a field. May throw, and may hold what its type does not take. */
function valueOf(
  world: World,
  source: unknown,
  field: string,
  type: GraphQLOutputType,
  given: string,
): unknown {
  const { number = 0 } = (source ?? {}) as Partial<Thing>;
  const place = `${number} ${field} ${given}`;
  world.met['resolved'] = (world.met['resolved'] ?? 0) + 1;
  return made(world, place, type, true);
}

function made(world: World, place: string, type: GraphQLOutputType, mayThrow = false): unknown {
  const is = odd(world, place);
  if (is) world.met[`odd ${is}`] = (world.met[`odd ${is}`] ?? 0) + 1;
  if (is === 'null') return hashOf(place) % 2 ? null : undefined;
  if (is === 'fail' && mayThrow) throw new Error(`${place} failed`);
  if (is === 'fail' || is === 'error') return new Error(`${place} is an error`);
  if (is === 'thrown' && mayThrow) throw `${place} thrown`; // oxlint-disable-line no-throw-literal -- as some do
  const inner = type instanceof GraphQLNonNull ? (type.ofType as GraphQLOutputType) : type;
  if (inner instanceof GraphQLList)
    return listOf(world, place, inner.ofType as GraphQLOutputType, is);
  if (is === 'wrong')
    return inner === PAIR ? (hashOf(place) % 2 ? 'odd' : 'nothing') : { odd: true };
  return whole(world, place, inner);
}

function listOf(world: World, place: string, item: GraphQLOutputType, is: Odd): unknown {
  if (is === 'wrong') return hashOf(place) % 2 ? 'no list' : 5;
  const count = hashOf(`${place} count`) % 4;
  const items = Array.from({ length: count }, (_, at) => {
    const one = made(world, `${place}[${at}]`, item);
    if (!world.async || hashOf(`${place} item ${at}`) % 6 > 0) return one;
    world.met['promised items'] = (world.met['promised items'] ?? 0) + 1;
    return one instanceof Error ? Promise.reject(one) : Promise.resolve(one);
  });
  for (const one of items) if (one instanceof Promise) one.catch(() => undefined);
  return hashOf(`${place} as`) % 5 === 0 ? new Set(items) : items;
}

const NUMBERS_MAX = 1_000;

function whole(world: World, place: string, type: GraphQLOutputType): unknown {
  const hash = hashOf(`${world.seed} ${place}`);
  if (type === GraphQLString || type === GraphQLID) return `"${hash % 100}"\\ü\n`;
  if (type === GraphQLInt) return hash % 5 === 0 ? `${hash % 50}` : hash % 50;
  if (type === GraphQLFloat) return (hash % 1_000) / 8;
  if (type === GraphQLBoolean) return hash % 2 === 0;
  if (type === COLOR) return [1, 'b', 'GREEN'][hash % 3];
  if (type === PAIR) return hash % 9;
  return thing(world, hash % NUMBERS_MAX, kindFor(hash, type));
}

function kindFor(hash: number, type: GraphQLOutputType): string {
  const kinds: Readonly<Record<string, readonly string[]>> = {
    Node: ['Ant', 'Bee', 'Dot'],
    Named: ['Ant', 'Bee', 'Cat'],
    Pet: ['Ant', 'Cat', 'Dot'],
  };
  const of = kinds[String(type)];
  return of ? of[hash % of.length]! : String(type);
}

/** An object whose properties and methods are made when they are looked at, the same each time. */
function thing(world: World, number: number, kind: string): object {
  const target: Thing & { __typename: string } = { number, kind, world, __typename: kind };
  if (oddOf(target, 'typename') === 'wrong') target.__typename = 'Nobody';
  return new Proxy(target, PROPERTIES);
}

/** The root value of a case. */
export function rootOf(world: World, { definitions }: DocumentNode): object {
  const [first] = definitions;
  const isMutation = first && 'operation' in first && first.operation === 'mutation';
  return thing(world, 0, isMutation ? 'Mutation' : 'Query');
}

const PROPERTIES: ProxyHandler<Thing> = {
  get(target, name, itself) {
    if (typeof name === 'symbol' || name in target) return target[name as keyof Thing];
    const type = typeOf(name);
    if (!type) return undefined;
    const field = `${target.kind}.${name}`;
    if (!name.endsWith('_method')) return propertyValue(target.world, itself, field, type);
    return function method(this: unknown, args: object, world: World, info: { path: PathLike }) {
      const more = JSON.stringify(args) + pathText(info.path);
      return later(world, field, () => valueOf(world, this, field, type, more));
    };
  },
};

/** Properties do not throw; now and then one is a promise. */
function propertyValue(
  world: World,
  source: unknown,
  field: string,
  type: GraphQLOutputType,
): unknown {
  const place = `${(source as Thing).number} ${field}`;
  const value = made(world, place, type);
  if (!world.async || hashOf(`${place} promised`) % 12 > 0) return value;
  world.met['promised properties'] = (world.met['promised properties'] ?? 0) + 1;
  return nextTurn().then(() => value);
}

let types: ReadonlyMap<string, GraphQLOutputType> | undefined;

/** The type of a field by its name: the same wherever it is. */
function typeOf(name: string): GraphQLOutputType | undefined {
  if (!types) {
    const query = worldSchema({ batch: false }).getQueryType()!;
    types = new Map(Object.values(query.getFields()).map((field) => [field.name, field.type]));
  }
  return types.get(name);
}
