/**
 * A world of values: each follows from the seed, the object's number, the field and its arguments, so any executor
 * that asks gets the same, in whatever order. Now and then one is odd: null, a failure, a promise, what its type does
 * not take.
 */
import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLString,
  OperationTypeNode,
  type DocumentNode,
  type GraphQLOutputType,
} from 'graphql';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { hashOf } from './random.ts';
import { COLOR, PAIR } from './types.ts';

/** What was met, so that a run can show that it met it often enough. */
export interface Met {
  [what: string]: number;
}

/** The world of one case. It is the context of its executions. */
export interface World {
  /** The type of a field by its name: the same wherever it is. */
  readonly typeOf: (name: string) => GraphQLOutputType | undefined;
  readonly seed: number;
  /** False: nothing in it is a promise, and executors agree on the order of errors too. */
  readonly async: boolean;
  /** How often something is odd: 0 to 1. */
  readonly oddness: number;
  readonly met: Met;
}

export interface Thing {
  readonly number: number;
  readonly kind: string;
  readonly world: World;
}

export interface PathLike {
  readonly prev: PathLike | undefined;
  readonly key: string | number;
}

export function pathText(path: PathLike | undefined): string {
  return path ? `${pathText(path.prev)}/${path.key}` : '';
}

export function later<T>(world: World, field: string, make: () => T): T | Promise<T> {
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

/** What is odd about this of a thing, if anything. */
export function oddOf({ world, number }: Thing, what: string): Odd {
  return odd(world, `${number} ${what}`);
}

function odd({ seed, oddness }: World, what: string): Odd {
  if (oddness === 0) return null;
  const roll = (hashOf(`${seed} ${what} odd`) % 10_000) / 10_000;
  if (roll >= oddness) return null;
  const which = hashOf(`${seed} ${what} which`) % 20;
  if (which < 9) return 'null';
  if (which < 14) return 'fail';
  if (which < 17) return 'error';
  return which < 19 ? 'wrong' : 'thrown';
}

/** The value of a field. May throw, and may hold what its type does not take. */
export function valueOf(
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
  const inner = type instanceof GraphQLNonNull ? type.ofType : type;
  if (inner instanceof GraphQLList) return listOf(world, place, inner.ofType, is);
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
  const isMutation =
    first && 'operation' in first && first.operation === OperationTypeNode.MUTATION;
  return thing(world, 0, isMutation ? 'Mutation' : 'Query');
}

const PROPERTIES: ProxyHandler<Thing> = {
  get(target, name, itself) {
    if (typeof name === 'symbol' || name in target) return target[name as keyof Thing];
    const type = target.world.typeOf(name);
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
