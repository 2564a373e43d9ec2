/** How much one operation may ask for, refused before it is run. */
import { Kind, valueFromASTUntyped, type TypeNode, type VariableDefinitionNode } from 'graphql';
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
  const known = new WeakMap<Prepared, Known>();
  const checkNestedInputs = nestedInputsCheck();
  const measured = (prepared: Prepared, given: Readonly<Record<string, unknown>>) => {
    let ofOperation = known.get(prepared);
    if (!ofOperation) known.set(prepared, (ofOperation = knownOf(prepared)));
    const { sizes, kept } = ofOperation;
    const key = sizes.length === 0 ? '' : sizesAmong(variablesOf(sizes, given));
    let measures = kept.get(key);
    if (!measures) {
      const variables = variablesOf(prepared.operation.variableDefinitions ?? [], given);
      measures = measure({ ...prepared, variables });
      if (kept.size >= KEPT_MAX) kept.delete(kept.keys().next().value!);
      kept.set(key, measures);
    }
    return measures;
  };
  return (prepared, variables) => {
    const measures = measured(prepared, variables);
    for (const name of NAMES) {
      if (measures[name] > limits[name])
        throw new Limited(WORDS[name], limits[name], measures[name]);
    }
    checkNestedInputs(prepared, variables);
  };
}

const NAMES = Object.keys(WORDS) as (keyof Measures)[];

/** What is kept of an operation. */
interface Known {
  /** Variables that sizes may hang on: numbers and lists. */
  readonly sizes: readonly VariableDefinitionNode[];
  readonly kept: Map<string, Measures>;
}

function knownOf({ operation }: Prepared): Known {
  const sizes = operation.variableDefinitions?.filter(({ type }) => maySize(type)) ?? [];
  return { sizes, kept: new Map() };
}

function maySize(type: TypeNode): boolean {
  if (type.kind === Kind.NON_NULL_TYPE) return maySize(type.type);
  return type.kind === Kind.LIST_TYPE || type.name.value === 'Int' || type.name.value === 'Float';
}

/** Variables as they came or by their defaults. Without prototype: `$constructor` is no more. */
function variablesOf(
  definitions: readonly VariableDefinitionNode[],
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const variables = Object.create(null) as Record<string, unknown>;
  for (const { variable, defaultValue } of definitions) {
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
