/** How much one operation may ask for, refused before it is run. */
import { valueFromASTUntyped } from 'graphql';
import { Limited } from '../../resolvers/errors.ts';
import type { Prepared } from '../execution/levels/execute.ts';
import { measure, type Measures } from '../execution/levels/measure.ts';

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
 * operation is measured once for each set of numbers among its variables.
 */
export function operationCheck(
  limits: OperationLimits,
): (prepared: Prepared, variables: Readonly<Record<string, unknown>>) => void {
  const known = new WeakMap<Prepared, Map<string, Measures>>();
  const measured = (prepared: Prepared, given: Readonly<Record<string, unknown>>) => {
    const variables = { ...defaultsOf(prepared), ...given };
    const numbers = Object.entries(variables).filter(([, value]) => typeof value === 'number');
    const key = JSON.stringify(numbers);
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
  };
}

/** Of variables; a page takes its size from one that is not given. */
function defaultsOf({ operation }: Prepared): Record<string, unknown> {
  return Object.fromEntries(
    (operation.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
      defaultValue ? [[variable.name.value, valueFromASTUntyped(defaultValue)]] : [],
    ),
  );
}
