/** How much one operation may ask for, refused before it is run. */
import { valueFromASTUntyped } from 'graphql';
import { Limited } from '../../resolvers/errors.ts';
import type { Prepared } from '../execution/levels/execute.ts';
import { measure, type Measures } from '../execution/levels/measure.ts';
import { nestedInputsCheck } from './nested-inputs.ts';

/** The most of each; see execution/levels/measure.ts. */
export type OperationLimits = Readonly<Record<keyof Measures, number>>;

const WORDS: Readonly<Record<keyof Measures, string>> = {
  depth: 'fields inside fields',
  fields: 'fields of the operation',
  aliases: 'aliases of the operation',
  directives: 'directives of the operation',
  cost: 'objects that the operation may read',
};

/** Measures of one operation that are kept: sizes of pages are few. */
const KEPT_MAX = 16;

/**
 * Makes the check: it throws Limited for an operation past a limit, by the sizes that these variables give. An
 * operation is measured once for each set of numbers and of lengths of lists among its variables. Of variables that it
 * does not declare nothing is read.
 */
export function operationCheck(
  limits: OperationLimits,
): (prepared: Prepared, variables: Readonly<Record<string, unknown>>) => void {
  const known = new WeakMap<Prepared, Map<string, Measures>>();
  const checkNestedInputs = nestedInputsCheck();
  const measured = (prepared: Prepared, given: Readonly<Record<string, unknown>>) => {
    const variables = declaredOf(prepared, given);
    const key = sizesAmong(variables);
    let ofOperation = known.get(prepared);
    if (!ofOperation) known.set(prepared, (ofOperation = new Map()));
    let measures = ofOperation.get(key);
    if (!measures) {
      measures = measure({ ...prepared, variables });
      if (ofOperation.size >= KEPT_MAX) ofOperation.delete(ofOperation.keys().next().value!);
      ofOperation.set(key, measures);
    }
    return measures;
  };
  return (prepared, variables) => {
    const measures = measured(prepared, variables);
    for (const [name, words] of Object.entries(WORDS) as [keyof Measures, string][]) {
      if (measures[name] > limits[name]) throw new Limited(words, limits[name], measures[name]);
    }
    checkNestedInputs(prepared, variables);
  };
}

/** The variables of an operation, as they came or by their defaults. Without prototype: `$constructor` is no more. */
function declaredOf(
  { operation }: Prepared,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const variables = Object.create(null) as Record<string, unknown>;
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    const name = variable.name.value;
    if (Object.hasOwn(given, name)) variables[name] = given[name];
    else if (defaultValue) variables[name] = valueFromASTUntyped(defaultValue);
  }
  return variables;
}

/** All that sizes may hang on. */
function sizesAmong(variables: Readonly<Record<string, unknown>>): string {
  return Object.entries(variables)
    .flatMap(([name, value]) => {
      if (typeof value === 'number') return `${name}=${value}`;
      return Array.isArray(value) ? `${name}=[${value.length}]` : [];
    })
    .join(' ');
}
