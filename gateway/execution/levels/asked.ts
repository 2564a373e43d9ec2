/** One execution of a plan: what it was given, and what its two phases share. */
import type { GraphQLResolveInfo } from 'graphql';
import type { Plan, PlannedField, Selection } from './plan.ts';

/** What an execution is given; both phases have it. */
export interface Asked {
  readonly plan: Plan;
  readonly rootValue: unknown;
  readonly contextValue: unknown;
  /** Coerced. */
  readonly variableValues: Readonly<Record<string, unknown>>;
  /** Aborted when nobody waits for the answer any more: then nothing more is begun. */
  readonly signal?: { readonly aborted: boolean } | undefined;
  readonly trace?: Trace | undefined;
}

/** Is told of each field whose values are made; what it answers is called when they are there. */
export type Trace = (made: {
  /** 0 for a root field. */
  readonly level: number;
  /** Keys of the answer, without places in lists. */
  readonly path: readonly string[];
  /** `Type.field`. */
  readonly field: string;
  readonly kind: 'batch' | 'resolver' | 'property';
  /** Objects that it is made for. */
  readonly parents: number;
}) => () => void;

/**
 * All objects of one concrete type at one place of the answer, from all its parents, in the order of the answer.
 * `values[slot][i]` is the value of an executed field of `sources[i]`: as it was made, its promises settled, a failure
 * as an Error.
 */
export interface Group {
  readonly selection: Selection;
  readonly sources: unknown[];
  readonly values: (readonly unknown[])[];
  /** Where the objects below the values of a field went, by slot; none for leaves. */
  readonly children: (Children | undefined)[];
  /** Whence the objects come; null at the root. */
  readonly from: { readonly group: Group; readonly field: PlannedField } | null;
}

/**
 * The objects below one field of a group, counted through all its parents: those of parent `i` begin at `starts[i]`.
 * Objects of parent i are found by walking its value: each that is neither null nor failed is the next.
 */
export interface Children {
  readonly starts: readonly number[];
  /** Of each object: the group that it is in, or why it is in none. */
  readonly groups: readonly (Group | Error)[] | Group;
  /** Of each object: its place in its group; null where all are in one group, in this very order. */
  readonly places: readonly number[] | null;
}

/** What a resolver threw that is no Error, on its way to where it is told. */
export class Thrown extends Error {
  readonly thrown: unknown;
  constructor(thrown: unknown) {
    super('thrown');
    this.thrown = thrown;
  }
}

/** What was thrown, as values hold it: an Error as it is, all else in a Thrown. */
export function failure(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Thrown(thrown);
}

/** What graphql-js takes for a promise. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/**
 * What a resolver may ask about its place. The path is made when it is read, by `pathAt`: an own property all the same,
 * since wrappers copy infos.
 */
export function infoFor(
  { plan, rootValue, variableValues }: Asked,
  field: PlannedField,
  pathAt: () => GraphQLResolveInfo['path'],
): GraphQLResolveInfo {
  return {
    fieldName: field.def.name,
    fieldNodes: field.nodes,
    returnType: field.def.type,
    parentType: field.parentType,
    get path() {
      return pathAt();
    },
    schema: plan.schema,
    fragments: plan.fragments,
    rootValue,
    operation: plan.operation,
    variableValues,
  };
}
