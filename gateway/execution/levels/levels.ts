/**
 * The first phase: values, level by level. Every object of one type at one place of the answer is in one group, so a
 * batch function is called once for all of them, a property is read in a loop, and only what is a promise is awaited.
 * A field goes on as soon as its own values are there; nothing waits for a whole level.
 */
import { defaultTypeResolver, type GraphQLResolveInfo } from 'graphql';
import { concreteType, ofType } from './concrete.ts';
import { pathOf } from './paths.ts';
import { innermost, type PlannedField, type Selection, type Shape } from './plan.ts';
import { failure, infoFor, isThenable, type Asked, type Group, type Trace } from './asked.ts';
import { settleAll, whenSettled } from './settle.ts';
import { Work } from './work.ts';

/** Makes the values of a selection on one object, and of all below it; then `finish`es, at once where no promise is met. */
export function resolveLevels<T>(
  asked: Asked,
  selection: Selection,
  source: unknown,
  finish: (root: Group) => T | Promise<T>,
): T | Promise<T> {
  const root = newGroup(selection, null);
  root.sources.push(source);
  const work = new Work(asked);
  runGroup(work, root);
  return work.begun(() => finish(root));
}

function newGroup(selection: Selection, from: Group['from']): Group {
  return { selection, sources: [], values: [], children: [], from };
}

function runGroup(work: Work, group: Group): void {
  if (work.asked.signal?.aborted) return;
  for (const field of group.selection.executed) {
    const there = traced(work, group, field);
    if (field.batch) runBatch(work, group, field, field.batch, there);
    else {
      const values = field.resolve
        ? resolved(work, group, field, field.resolve)
        : readProperties(work, group, field);
      goOn(work, group, field, values, there);
    }
  }
}

/** To be called when the values of a field are there; undefined where nobody traces. */
type There = ReturnType<Trace> | undefined;

/** Tells who traces the execution, if anybody does, that a field's values are now made. */
function traced({ asked: { trace } }: Work, group: Group, field: PlannedField): There {
  if (!trace) return undefined;
  const path = [field.key];
  let level = 0;
  for (let above = group.from; above; above = above.group.from) {
    path.unshift(above.field.key);
    level += 1;
  }
  const kind = field.batch ? 'batch' : field.resolve ? 'resolver' : 'property';
  const name = `${field.parentType.name}.${field.def.name}`;
  return trace({ level, path, field: name, kind, parents: group.sources.length });
}

function goOn(
  work: Work,
  group: Group,
  field: PlannedField,
  values: unknown[],
  there: There,
): void {
  const open = settleAll(field.shape, values);
  if (!open) return arrived(work, group, field, values, there);
  whenSettled(values, open, work, () => arrived(work, group, field, values, there));
}

/** All values of a field are there. */
function arrived(
  work: Work,
  group: Group,
  field: PlannedField,
  values: readonly unknown[],
  there: There,
): void {
  there?.();
  group.values[field.slot] = values;
  descend(work, group, field, values);
}

function runBatch(
  work: Work,
  group: Group,
  field: PlannedField,
  batch: NonNullable<PlannedField['batch']>,
  there: There,
): void {
  const { contextValue, plan, variableValues } = work.asked;
  let answer: unknown;
  try {
    const args = field.constantArgs ?? Object.freeze(field.argumentsFor(variableValues));
    answer = batch(group.sources, args, contextValue, plan.shown);
  } catch (error) {
    return goOn(work, group, field, failures(group, error), there);
  }
  if (!isThenable(answer)) return goOn(work, group, field, taken(group, field, answer), there);
  work.begin();
  const go = (values: unknown[]) => {
    goOn(work, group, field, values, there);
    work.end();
  };
  void answer.then(
    (got) => go(taken(group, field, got)),
    (error: unknown) => go(failures(group, error)),
  );
}

/** The same for each parent. */
function failures({ sources }: Group, thrown: unknown): unknown[] {
  const error = failure(thrown);
  return sources.map(() => error);
}

/** Values of its own of what a batch function answered, one for each parent. */
function taken(group: Group, { parentType, def }: PlannedField, answer: unknown): unknown[] {
  const parents = group.sources.length;
  if (Array.isArray(answer) && answer.length === parents) return answer.slice();
  const count = Array.isArray(answer) ? `${answer.length} values` : typeof answer;
  const where = `${parentType.name}.${def.name}`;
  return failures(group, new Error(`${where}: batch answered ${count} to ${parents} parents`));
}

function resolved(
  { asked }: Work,
  group: Group,
  field: PlannedField,
  resolve: NonNullable<PlannedField['resolve']>,
): unknown[] {
  return group.sources.map((source, index) => {
    try {
      const info = field.takesInfo ? infoAt(asked, group, field, index) : NO_INFO;
      return resolve(source, field.argumentsFor(asked.variableValues), asked.contextValue, info);
    } catch (error) {
      return failure(error);
    }
  });
}

/** For a resolver that cannot see it. */
const NO_INFO = undefined as unknown as GraphQLResolveInfo;

function readProperties({ asked }: Work, group: Group, field: PlannedField): unknown[] {
  return group.sources.map((source, index) => {
    try {
      return propertyOf(asked, field, source, () => infoAt(asked, group, field, index));
    } catch (error) {
      return failure(error);
    }
  });
}

/** As graphql-js's default resolver: a property, or what a method answers; throws what they throw. */
export function propertyOf(
  asked: Asked,
  field: PlannedField,
  source: unknown,
  info: () => GraphQLResolveInfo,
): unknown {
  if ((typeof source !== 'object' || source === null) && typeof source !== 'function')
    return undefined;
  const value = (source as Record<string, unknown>)[field.def.name];
  if (typeof value !== 'function') return value;
  return value.call(
    source,
    field.argumentsFor(asked.variableValues),
    asked.contextValue,
    info(),
  ) as unknown;
}

function infoAt(asked: Asked, group: Group, field: PlannedField, index: number) {
  return infoFor(asked, field, () => pathOf(group, index, field));
}

/** From the values of a field to the groups of the objects in them. */
function descend(work: Work, group: Group, field: PlannedField, values: readonly unknown[]): void {
  const inner = innermost(field.shape);
  if (inner.kind === 'leaf') return;
  if (inner.kind === 'object' && !inner.type.isTypeOf) {
    if (inner.selection.executed.length === 0) return; // Its leaves are read in completion.
    const child = newGroup(inner.selection, { group, field });
    const starts = values.map((value) => {
      const start = child.sources.length;
      pushObjects(field.shape, value, child.sources);
      return start;
    });
    group.children[field.slot] = { starts, groups: child, places: null };
    if (child.sources.length > 0) runGroup(work, child);
    return;
  }
  const objects: unknown[] = [];
  const starts = values.map((value) => {
    const start = objects.length;
    pushObjects(field.shape, value, objects);
    return start;
  });
  sortByType(work, group, field, inner, { objects, starts });
}

/** Objects whose concrete type is to be found out: each goes to the group of its type. */
function sortByType(
  work: Work,
  group: Group,
  field: PlannedField,
  inner: Extract<Shape, { kind: 'object' | 'abstract' }>,
  { objects, starts }: { objects: unknown[]; starts: readonly number[] },
): void {
  const { asked } = work;
  const parentAt = (place: number) => {
    let index = starts.length - 1;
    while (starts[index]! > place) index -= 1;
    return index;
  };
  const types = objects.map((object, place) => {
    const info = infoFor(asked, field, () => pathOf(group, parentAt(place), field));
    try {
      if (inner.kind === 'object') return ofType(inner.type, object, asked, info, field);
      const resolveType = inner.type.resolveType ?? defaultTypeResolver;
      const found = resolveType(object, asked.contextValue, info, inner.type);
      const named = (name: unknown) =>
        ofType(concreteType(name, inner.type, object, info), object, asked, info, field);
      return isThenable(found) ? found.then(named) : named(found);
    } catch (error) {
      return failure(error);
    }
  });
  const go = () => {
    const byType = new Map<unknown, Group>();
    const groups: (Group | Error)[] = [];
    const places: number[] = [];
    types.forEach((type, place) => {
      let child: Group | undefined;
      if (!(type instanceof Error)) {
        child = byType.get(type);
        if (!child) {
          const selection =
            inner.kind === 'object'
              ? inner.selection
              : inner.selectionOf(type as Selection['type']);
          byType.set(type, (child = newGroup(selection, { group, field })));
        }
        child.sources.push(objects[place]);
      }
      groups.push(child ?? (type as Error));
      places.push(child ? child.sources.length - 1 : -1);
    });
    group.children[field.slot] = { starts, groups, places };
    for (const child of byType.values()) runGroup(work, child);
  };
  const open = settleAll(TYPE, types);
  if (open) whenSettled(types, open, work, go);
  else go();
}

/** Types are settled as values are; they are never in lists. */
const TYPE: Shape = { kind: 'leaf', nonNull: true, type: undefined as never };

function pushObjects(shape: Shape, value: unknown, into: unknown[]): void {
  if (value === null || value === undefined || value instanceof Error) return;
  if (shape.kind !== 'list') {
    into.push(value);
    return;
  }
  if (!Array.isArray(value)) return; // Told in completion.
  for (let i = 0; i < value.length; i += 1) pushObjects(shape.item, value[i], into);
}
