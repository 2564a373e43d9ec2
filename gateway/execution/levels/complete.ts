/**
 * The second phase: values become the answer, depth first and in the order of the document, as graphql-js completes
 * them. Null propagation, and the order, paths and locations of errors, follow from that order by themselves.
 */
import { GraphQLError, locatedError } from 'graphql';
import { inspect } from 'graphql/jsutils/inspect.js';
import { propertyOf } from './levels.ts';
import type { PlannedField, Selection, Shape } from './plan.ts';
import {
  failure,
  infoFor,
  isThenable,
  Thrown,
  type Asked,
  type Children,
  type Group,
} from './asked.ts';
import { pathOf } from './paths.ts';
import { settled } from './settle.ts';

export interface Completed {
  /** Null where a failure reached the root. */
  readonly data: Record<string, unknown> | null;
  readonly errors: readonly GraphQLError[];
}

/** The answer from the values of a group's only object. At once, unless a property turns out to be a promise. */
export function complete(asked: Asked, root: Group): Completed | Promise<Completed> {
  const remembered = new Map<unknown, Map<PlannedField, unknown>>();
  const attempt = (isFirst: boolean): Completed | Promise<Completed> => {
    const state: State = { asked, errors: [], path: [], isFirst, remembered, waiting: [] };
    const data = rootData(state, root);
    if (state.waiting.length === 0) return { data, errors: state.errors };
    return Promise.all(state.waiting).then(() => attempt(false)); // With what is known now.
  };
  return attempt(true);
}

interface State {
  readonly asked: Asked;
  readonly errors: GraphQLError[];
  /** Where completion stands. */
  readonly path: (string | number)[];
  readonly isFirst: boolean;
  /**
   * By source and field: what was no plain property, and from the second attempt on each object as well, so that one
   * that a getter makes anew at every look is looked at once.
   */
  readonly remembered: Map<unknown, Map<PlannedField, unknown>>;
  /** Promises met; what this attempt makes is thrown away. */
  readonly waiting: PromiseLike<unknown>[];
}

function rootData(state: State, root: Group): Completed['data'] {
  try {
    return completeObject(state, root.selection, root.sources[0], root, 0);
  } catch (error) {
    state.errors.push(error as GraphQLError);
    return null;
  }
}

function completeObject(
  state: State,
  selection: Selection,
  source: unknown,
  group: Group | null,
  index: number,
): Record<string, unknown> {
  const object = Object.create(null) as Record<string, unknown>;
  for (const field of selection.fields) {
    object[field.key] = completeField(state, field, source, group, index);
  }
  return object;
}

function completeField(
  state: State,
  field: PlannedField,
  source: unknown,
  group: Group | null,
  index: number,
): unknown {
  const { path } = state;
  const depth = path.push(field.key);
  let completed: unknown = null;
  try {
    const children = field.slot < 0 ? undefined : group!.children[field.slot];
    const below = children ? { children, next: children.starts[index]! } : null;
    const value = valueOf(state, field, source, group, index);
    completed = completeValue(state, field, field.shape, value, below);
  } catch (error) {
    tell(state, field, field.shape, error);
  }
  path.length = depth - 1;
  return completed;
}

/**
 * A failure: told, where the place may be null; else it is thrown on. It has its path from the first place that it
 * comes by, which is where completion stands; later places leave it as it is.
 */
function tell(state: State, field: PlannedField, shape: Shape, thrown: unknown): void {
  const cause = thrown instanceof Thrown ? thrown.thrown : thrown;
  const error = locatedError(cause, field.nodes, [...state.path]);
  if (shape.nonNull) throw error;
  state.errors.push(error);
}

function valueOf(
  state: State,
  field: PlannedField,
  source: unknown,
  group: Group | null,
  index: number,
): unknown {
  if (field.isTypename) return field.parentType.name;
  if (field.slot >= 0) return group!.values[field.slot]![index];
  if (typeof source !== 'object' || source === null) return undefined;
  const known = state.remembered.get(source)?.get(field);
  if (known !== undefined) return known;
  const plain = (source as Record<string, unknown>)[field.def.name];
  if (isPlain(field.shape, plain) && (state.isFirst || typeof plain !== 'object')) return plain;
  return madeValue(state, field, source, group, index);
}

/** Nothing that would have to be called or awaited. */
function isPlain(shape: Shape, value: unknown): boolean {
  if (typeof value !== 'object') return typeof value !== 'function';
  if (value === null || value instanceof Date) return true;
  return Array.isArray(value) && settled(shape, value) === value;
}

/** A property that is a method, a promise, or a list in which promises may be. */
function madeValue(
  state: State,
  field: PlannedField,
  source: unknown,
  group: Group | null,
  index: number,
): unknown {
  const { asked, path, waiting } = state;
  const here = [...path];
  const place = () =>
    infoFor(asked, field, () => (group ? pathOf(group, index, field) : pathFrom(here)));
  let made: unknown;
  try {
    made = settled(field.shape, propertyOf(asked, field, source, place));
  } catch (error) {
    made = failure(error);
  }
  if (!isThenable(made)) return remember(state, field, source, made);
  waiting.push(made.then((value) => remember(state, field, source, value)));
  return null;
}

function remember(
  { remembered }: State,
  field: PlannedField,
  source: unknown,
  value: unknown,
): unknown {
  let fields = remembered.get(source);
  if (!fields) remembered.set(source, (fields = new Map()));
  fields.set(field, value ?? null);
  return value;
}

type Path = ReturnType<typeof pathOf>;

function pathFrom(keys: readonly (string | number)[]): Path {
  let path: Path | undefined;
  for (const key of keys) path = { prev: path, key, typename: undefined };
  return path!;
}

/** Where the objects below a value lie: its first, then one on with each. */
interface Below {
  readonly children: Children;
  next: number;
}

function completeValue(
  state: State,
  field: PlannedField,
  shape: Shape,
  value: unknown,
  below: Below | null,
): unknown {
  if (value instanceof Error) throw value;
  if (value === null || value === undefined) {
    if (!shape.nonNull || state.waiting.length > 0) return null;
    throw new Error(
      `Cannot return null for non-nullable field ${field.parentType.name}.${field.def.name}.`,
    );
  }
  if (shape.kind === 'leaf') return serialized(shape.type, value);
  if (shape.kind === 'list') return completeList(state, field, shape.item, value, below);
  if (below) return completeBelow(state, below);
  if (shape.kind !== 'object') throw new Error('an abstract type is always resolved before');
  return completeObject(state, shape.selection, value, null, 0);
}

function completeBelow(state: State, below: Below): unknown {
  const place = below.next;
  below.next += 1;
  const { groups, places } = below.children;
  const group =
    places === null ? (groups as Group) : (groups as readonly (Group | Error)[])[place]!;
  if (group instanceof Error) throw group;
  const index = places === null ? place : places[place]!;
  return completeObject(state, group.selection, group.sources[index], group, index);
}

function completeList(
  state: State,
  field: PlannedField,
  item: Shape,
  value: unknown,
  below: Below | null,
): unknown[] {
  if (!Array.isArray(value)) {
    throw new GraphQLError(
      `Expected Iterable, but did not find one for field "${field.parentType.name}.${field.def.name}".`,
    );
  }
  const { path } = state;
  const items: unknown[] = [];
  for (let i = 0; i < value.length; i += 1) {
    const depth = path.push(i);
    let completed: unknown = null;
    try {
      completed = completeValue(state, field, item, value[i], below);
    } catch (error) {
      tell(state, field, item, error);
    }
    path.length = depth - 1;
    items.push(completed);
  }
  return items;
}

function serialized(type: Extract<Shape, { kind: 'leaf' }>['type'], value: unknown): unknown {
  const answer: unknown = type.serialize(value);
  if (answer === null || answer === undefined) {
    throw new Error(
      `Expected \`${inspect(type)}.serialize(${inspect(value)})\` to return non-nullable value, returned: ${inspect(answer)}`,
    );
  }
  return answer;
}
