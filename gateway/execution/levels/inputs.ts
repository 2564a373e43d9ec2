/**
 * Variables and arguments, read as graphql-js reads them. What is usual (leaves, and variables handed on whole) is read
 * by what is known of it beforehand, at a fifth of the cost; all else goes to graphql-js, which also tells what is
 * wrong with it.
 */
import {
  getArgumentValues,
  getVariableValues,
  isInputType,
  isLeafType,
  isNonNullType,
  Kind,
  typeFromAST,
  valueFromAST,
  type FieldNode,
  type GraphQLError,
  type GraphQLField,
  type GraphQLLeafType,
  type GraphQLSchema,
  type VariableDefinitionNode,
} from 'graphql';

/** By name: variables as they came or coerced, whichever is said. */
export type Values = Readonly<Record<string, unknown>>;

/** Coerced, or why not. */
export type Coerced =
  | { readonly coerced: Values; readonly errors?: undefined }
  | { readonly errors: readonly GraphQLError[] };

const NONE: Coerced = { coerced: Object.freeze({}) };
/** As graphql-js has it when it executes; names that a client did not know of are not told. */
const OPTIONS = { maxErrors: 50, hideSuggestions: true };

/** Makes the reader of an operation's variables, which throws nothing: at most 50 errors, and then that there are more. */
export function variablesReader(
  schema: GraphQLSchema,
  definitions: readonly VariableDefinitionNode[],
): (given: Values) => Coerced {
  if (definitions.length === 0) return () => NONE;
  const leaves = definitions.map((definition) => leafVariable(schema, definition));
  const all = leaves.filter((leaf) => leaf !== null);
  const isUsual = all.length === leaves.length;
  return (given) => {
    const coerced = isUsual ? readLeaves(all, given) : null;
    return coerced ? { coerced } : getVariableValues(schema, definitions, given, OPTIONS);
  };
}

interface LeafVariable {
  readonly name: string;
  readonly type: GraphQLLeafType;
  readonly nonNull: boolean;
  /** Undefined where there is none. */
  readonly byDefault: unknown;
}

/** Null where it is of another type, or its name would not be a property like others. */
function leafVariable(
  schema: GraphQLSchema,
  { variable, type: written, defaultValue }: VariableDefinitionNode,
): LeafVariable | null {
  const whole = typeFromAST(schema, written as never) as unknown;
  const nonNull = isNonNullType(whole);
  const type = nonNull ? whole.ofType : whole;
  const name = variable.name.value;
  if (!isInputType(type) || !isLeafType(type) || name === PROTOTYPE) return null;
  const byDefault: unknown = defaultValue && valueFromAST(defaultValue, type);
  if (typeof byDefault === 'object' && byDefault !== null) return null; // Made anew for each execution.
  return { name, type, nonNull, byDefault };
}

const PROTOTYPE = '__proto__';

/** Null where something is not as usual, or wrong. */
function readLeaves(leaves: readonly LeafVariable[], given: Values): Values | null {
  const coerced: Record<string, unknown> = {};
  for (const { name, type, nonNull, byDefault } of leaves) {
    const isGiven = Object.hasOwn(given, name);
    const value = isGiven ? given[name] : byDefault;
    if (value === undefined || value === null) {
      if (isGiven || nonNull) return null;
      if (value === null) coerced[name] = null;
    } else if (isGiven) {
      const read = parsed(type, value);
      if (read === undefined) return null;
      coerced[name] = read;
    } else coerced[name] = value;
  }
  return coerced;
}

/** Undefined where the type refuses it. */
function parsed(type: GraphQLLeafType, value: unknown): unknown {
  try {
    return type.parseValue(value) as unknown;
  } catch {
    return undefined;
  }
}

/** Makes the reader of a field's arguments, which throws a GraphQLError where a variable does not fit. */
export function argumentsReader(
  def: GraphQLField<unknown, unknown>,
  node: FieldNode,
): (variables: Values) => Record<string, unknown> {
  if (def.args.length === 0) return () => ({});
  const usual = usualArguments(def, node);
  return (variables) =>
    (usual && readUsual(usual, variables)) ?? getArgumentValues(def, node, variables);
}

type UsualArgument =
  | { readonly name: string; readonly variable: string; readonly nonNull: boolean }
  | { readonly name: string; readonly variable: null; readonly value: unknown };

/** Null where one is no variable and no leaf (lists and objects are made anew for each call), or is wrong. */
function usualArguments(
  def: GraphQLField<unknown, unknown>,
  node: FieldNode,
): UsualArgument[] | null {
  const usual: UsualArgument[] = [];
  for (const { name, type, defaultValue } of def.args) {
    const given = node.arguments?.find((argument) => argument.name.value === name)?.value;
    if (given?.kind === Kind.VARIABLE) {
      usual.push({ name, variable: given.name.value, nonNull: isNonNullType(type) });
      continue;
    }
    const value: unknown = given ? valueFromAST(given, type) : defaultValue;
    if (given ? value === undefined : isNonNullType(type) && value === undefined) return null;
    if (typeof value === 'object' && value !== null) return null;
    if (value !== undefined) usual.push({ name, variable: null, value });
  }
  return usual;
}

/** Null where a variable is absent, or null where it may not be. */
function readUsual(
  usual: readonly UsualArgument[],
  variables: Values,
): Record<string, unknown> | null {
  const values: Record<string, unknown> = {};
  for (const argument of usual) {
    if (argument.variable === null) values[argument.name] = argument.value;
    else {
      const value = Object.hasOwn(variables, argument.variable)
        ? variables[argument.variable]
        : undefined;
      if (value === undefined || (value === null && argument.nonNull)) return null;
      values[argument.name] = value;
    }
  }
  return values;
}
