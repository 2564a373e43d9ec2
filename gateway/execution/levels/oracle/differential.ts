/** One case: a random operation in a random world, by both executors. */
import { execute as executeByGraphql, parse, validate, type ExecutionResult } from 'graphql';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { execute, executeToText, prepare } from '../execute.ts';
import { couldBe, difference, sameErrors } from './compare.ts';
import { randomOperation } from './document.ts';
import { randomFrom } from './random.ts';
import { typeOf, worldSchema } from './schema.ts';
import { rootOf, type Met, type World } from './values.ts';

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

const OTHERWISE_EVERY = 4;

/**
 * Runs the case of this seed; `met` counts what was in it. `unhandled` tells how many rejections nobody handled so far:
 * this executor must leave none.
 */
export async function runCase(seed: number, met: Met, unhandled: () => number): Promise<Case> {
  const frames = Error.stackTraceLimit;
  Error.stackTraceLimit = 0; // Thousands of errors a second, and nobody reads where they were made.
  try {
    return await runOne(seed, met, unhandled);
  } finally {
    Error.stackTraceLimit = frames;
  }
}

async function runOne(seed: number, met: Met, unhandled: () => number): Promise<Case> {
  const random = randomFrom(seed);
  const world: World = {
    seed,
    typeOf,
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
  const before = unhandled();
  const prepared = prepare(ours, document, null);
  if (seed % OTHERWISE_EVERY === 0) {
    const otherwise = { ...variables, yes: !variables['yes'] };
    await execute(prepared, { variables: otherwise, ...asked }); // Another plan of the same operation.
  }
  const result = await execute(prepared, { variables, ...asked });
  countOutcome(met, expected);
  const written = await executeToText(prepared, { variables, ...asked });
  const sent = written.data === undefined ? undefined : String(written.data); // Long ones are bytes.
  if (sent !== JSON.stringify(result.data)) {
    const both = `${sent}\n${JSON.stringify(result.data)}`;
    return { seed, text, variables, wrong: `the answer as text differs:\n${both}` };
  }
  if (!sameErrors(written.errors, result.errors ?? [])) {
    return { seed, text, variables, wrong: 'the errors of the answer as text differ' };
  }
  if (world.async) await nextTurn();
  if (unhandled() > before) return { seed, text, variables, wrong: 'a rejection is unhandled' };
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
