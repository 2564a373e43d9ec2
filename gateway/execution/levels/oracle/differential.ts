/** One case: a random operation in a random world, by both executors. */
import { execute as executeByGraphql, parse, validate, type ExecutionResult } from 'graphql';
import { isDeepStrictEqual } from 'node:util';
import { execute, executeToText, prepare } from '../execute.ts';
import { couldBe, difference } from './compare.ts';
import { randomOperation } from './document.ts';
import { randomFrom } from './random.ts';
import { rootOf, worldSchema, type Met, type World } from './world.ts';

const ours = worldSchema({ batch: true });
const oracle = worldSchema({ batch: false });
const lenient = worldSchema({ batch: false, strict: false });

export interface Case {
  readonly seed: number;
  readonly text: string;
  readonly variables: Record<string, unknown>;
  /** Null when both mean the same. */
  readonly wrong: string | null;
}

/** Validation takes longer than both executions: now and then it shows that what is written is valid. */
const VALIDATED_EVERY = 50;

/** Runs the case of this seed; `met` counts what was in it. */
export async function runCase(seed: number, met: Met): Promise<Case> {
  const random = randomFrom(seed);
  const world: World = {
    seed,
    async: random.chance(0.5),
    oddness: random.pick([0, 0.01, 0.04, 0.12]),
    met,
  };
  const { text, variables } = randomOperation(ours, random, met);
  const document = parse(text);
  if (seed % VALIDATED_EVERY === 0) {
    const errors = validate(ours, document).filter(
      ({ message }) => !message.includes('never used'),
    );
    if (errors.length > 0)
      throw new Error(`case ${seed} is not valid: ${errors[0]!.message}\n${text}`);
  }
  const asked = { contextValue: world, rootValue: rootOf(world, document) };
  const byGraphql = (schema: typeof oracle) =>
    executeByGraphql({
      schema,
      document,
      variableValues: variables,
      hideSuggestions: true,
      ...asked,
    });
  const expected = await byGraphql(oracle);
  const result = await execute(prepare(ours, document, null), { variables, ...asked });
  countOutcome(met, expected);
  const text2 = await executeToText(prepare(ours, document, null), { variables, ...asked });
  const asText: ExecutionResult = {
    data: JSON.parse(text2.data!) as Record<string, unknown>,
    ...(text2.errors.length > 0 ? { errors: text2.errors } : {}),
  };
  const textDiffers =
    text2.data === JSON.stringify(result.data) &&
    isDeepStrictEqual(asText.errors?.map(String), result.errors?.map(String));
  if (!textDiffers)
    return {
      seed,
      text,
      variables,
      wrong: 'TEXT' + text2.data + JSON.stringify(result.data) + text2.errors + result.errors,
    };
  const { wrong, doubtful } = difference(result, expected, !world.async);
  if (wrong || doubtful.length === 0) return { seed, text, variables, wrong };
  const whole = await byGraphql(lenient);
  const impossible = doubtful.find((error) => !couldBe(error, whole));
  if (impossible)
    return { seed, text, variables, wrong: `could not be: ${JSON.stringify(impossible)}` };
  met['doubtful errors'] = (met['doubtful errors'] ?? 0) + doubtful.length;
  return { seed, text, variables, wrong };
}

function countOutcome(met: Met, { data, errors }: ExecutionResult): void {
  const count = (what: string) => (met[what] = (met[what] ?? 0) + 1);
  if (errors) count('cases with errors');
  for (const { path } of errors ?? []) {
    let at: unknown = data;
    for (const key of path ?? []) {
      at =
        at === null || at === undefined
          ? undefined
          : (at as Record<string, unknown>)[key as string];
      if (at === undefined) break;
    }
    if (at === undefined) count('null propagation');
  }
}
