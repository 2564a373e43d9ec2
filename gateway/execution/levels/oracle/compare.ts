/**
 * Whether two answers mean the same. Data must be identical. Where nothing is made later, errors are identical too, in
 * their order. Else they are equal as sets, except below a place that a failure has nulled: there each executor tells
 * at least one, and none that could not be.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ExecutionResult, GraphQLError } from 'graphql';

type Told = { readonly path: string; readonly text: string };

export interface Difference {
  /** What is wrong, in words; null when nothing is. */
  readonly wrong: string | null;
  /** Errors below nulled places that the oracle did not tell: right if they could be. */
  readonly doubtful: readonly Told[];
}

/** Compares two answers; `ordered` where nothing in them was made later. */
export function difference(
  ours: ExecutionResult,
  oracle: ExecutionResult,
  ordered: boolean,
): Difference {
  const differ = (wrong: string | null): Difference => ({ wrong, doubtful: [] });
  const [data, oracleData] = [JSON.stringify(ours.data), JSON.stringify(oracle.data)];
  if (data !== oracleData) {
    const isOrder = isDeepStrictEqual(plain(ours.data), plain(oracle.data));
    return differ(isOrder ? 'the order of keys differs' : `data differ:\n${data}\n${oracleData}`);
  }
  if (!ours.errors && !oracle.errors) return differ(null);
  const [mine, theirs] = [(ours.errors ?? []).map(told), (oracle.errors ?? []).map(told)];
  if (!ordered) return setDifference(ours.data, mine, theirs);
  return differ(
    isDeepStrictEqual(mine, theirs) ? null : `errors differ:\n${list(mine)}\n${list(theirs)}`,
  );
}

function setDifference(
  data: ExecutionResult['data'],
  mine: readonly Told[],
  theirs: readonly Told[],
): Difference {
  const [left, right] = [grouped(data, mine), grouped(data, theirs)];
  const doubtful: Told[] = [];
  for (const region of new Set([...left.keys(), ...right.keys()])) {
    const [here, there] = [left.get(region) ?? [], right.get(region) ?? []];
    if (isDeepStrictEqual(new Set(here.map(textOf)), new Set(there.map(textOf)))) continue;
    const isNulled = [...here, ...there].some(({ path }) => path !== region);
    if (here.length === 0 || there.length === 0 || !isNulled) {
      return { wrong: `errors differ at ${region}:\n${list(here)}\n${list(there)}`, doubtful };
    }
    const known = new Set(there.map(textOf));
    doubtful.push(...here.filter((error) => !known.has(textOf(error))));
  }
  return { wrong: null, doubtful };
}

/** Whether these are the same errors in the same order: what they say, of which place, about which text. */
export function sameErrors(left: readonly GraphQLError[], right: readonly GraphQLError[]): boolean {
  return isDeepStrictEqual(left.map(told), right.map(told));
}

/** Whether an error could be, by the answer of a schema that is the same without any non-null. */
export function couldBe({ path, text }: Told, lenient: ExecutionResult): boolean {
  if (!text.startsWith('Cannot return null')) {
    return (lenient.errors ?? [])
      .map(told)
      .some((error) => error.path === path && error.text === text);
  }
  let at: unknown = lenient.data;
  for (const key of JSON.parse(path) as string[]) {
    at = (at as Record<string, unknown> | null | undefined)?.[key];
  }
  return at === null;
}

/** Errors by the place that they nulled: the first null on their path. */
function grouped(data: unknown, errors: readonly Told[]): Map<string, Told[]> {
  const groups = new Map<string, Told[]>();
  for (const error of errors) {
    const keys = JSON.parse(error.path) as (string | number)[];
    let at = data;
    let depth = 0;
    while (at !== null && at !== undefined && depth < keys.length) {
      at = (at as Record<string | number, unknown>)[keys[depth]!];
      depth += 1;
    }
    const region = JSON.stringify(keys.slice(0, depth));
    groups.set(region, [...(groups.get(region) ?? []), error]);
  }
  return groups;
}

function told({ message, path, locations }: GraphQLError): Told {
  return { path: JSON.stringify(path ?? []), text: `${message} ${JSON.stringify(locations)}` };
}

function textOf({ path, text }: Told): string {
  return `${path} ${text}`;
}

function list(errors: readonly Told[]): string {
  return errors.map(textOf).join('\n') || '(none)';
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}
