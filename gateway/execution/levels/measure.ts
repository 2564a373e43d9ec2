/**
 * How much an operation asks for, counted before it is run, in a time that grows with the document alone: a fragment
 * is counted once, however often it is spread, so one that spreads others twice each cannot make counting dear.
 */
import {
  getNamedType,
  isInterfaceType,
  isObjectType,
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  valueFromASTUntyped,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { introspectionSizes } from './introspection.ts';

/** Counts of an operation with all its fragments in their places. */
export interface Measures {
  /** Fields inside fields: 1 for `{ a }`. */
  readonly depth: number;
  readonly fields: number;
  readonly aliases: number;
  readonly directives: number;
  /**
   * Objects that may have to be read: of each list field as many as it may hold, times those around it, and before that
   * those that an argument makes it look through.
   */
  readonly cost: number;
}

/**
 * How many objects a field may answer for one parent, by its arguments as they were written; in `extensions.size` of
 * its definition. It may hang on numbers and on how long lists are, and on nothing else. Pages as Relay has them need
 * none: it is `first` or `last`, else `extensions.fallback` of the argument `first`. An argument that makes a field look
 * through other objects first says how many in its `extensions.reads`: they count wherever it is written.
 */
export type Size = (args: Readonly<Record<string, unknown>>) => number;

export interface Measured {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  /** Those that sizes may hang on, as they came: an object without prototype, so that no name means anything else. */
  readonly variables: Readonly<Record<string, unknown>>;
}

const NOTHING: Measures = { depth: 0, fields: 0, aliases: 0, directives: 0, cost: 0 };

/** Of a valid document, so without cycles of fragments. Conditions of @skip and @include are not looked at. */
export function measure({ schema, operation, fragments, variables }: Measured): Measures {
  const known = new Map<string, Measures>();
  const introspected = introspectionSizes(schema);

  const ofSet = ({ selections }: SelectionSetNode, type: GraphQLNamedType): Measures =>
    selections.reduce((sum, selection) => {
      const directives = selection.directives?.length ?? 0;
      if (selection.kind === Kind.FIELD) return add(sum, ofField(selection, type), directives);
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        return add(sum, ofFragment(selection.name.value), directives);
      }
      const on = selection.typeCondition && schema.getType(selection.typeCondition.name.value);
      return add(sum, ofSet(selection.selectionSet, on ?? type), directives);
    }, NOTHING);

  const ofFragment = (name: string): Measures => {
    let measures = known.get(name);
    if (!measures) {
      const { selectionSet, typeCondition } = fragments[name]!;
      measures = ofSet(selectionSet, schema.getType(typeCondition.name.value)!);
      known.set(name, measures);
    }
    return measures;
  };

  const ofField = (node: FieldNode, parent: GraphQLNamedType): Measures => {
    const def = definitionOf(schema, parent, node.name.value);
    const alias = node.alias ? 1 : 0;
    if (!def || !node.selectionSet) return { ...NOTHING, depth: 1, fields: 1, aliases: alias };
    const below = ofSet(node.selectionSet, getNamedType(def.type));
    const objects = introspected.get(def) ?? sizeOf(def, node, variables);
    return {
      depth: below.depth + 1,
      fields: below.fields + 1,
      aliases: below.aliases + alias,
      directives: below.directives,
      cost: readsOf(def, node) + objects * (1 + below.cost),
    };
  };

  return ofSet(operation.selectionSet, schema.getRootType(operation.operation)!);
}

function add(sum: Measures, more: Measures, directives: number): Measures {
  return {
    depth: Math.max(sum.depth, more.depth),
    fields: sum.fields + more.fields,
    aliases: sum.aliases + more.aliases,
    directives: sum.directives + more.directives + directives,
    cost: sum.cost + more.cost,
  };
}

function definitionOf(
  schema: GraphQLSchema,
  parent: GraphQLNamedType,
  name: string,
): Definition | undefined {
  if (parent === schema.getQueryType()) {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  }
  return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
}

type Definition = GraphQLField<unknown, unknown>;

function sizeOf(
  { args, extensions }: Definition,
  node: FieldNode,
  variables: Measured['variables'],
): number {
  const size = extensions['size'] as Size | undefined;
  if (size) return size(argumentsIn(node, variables));
  const fallback = args.find(({ name }) => name === 'first')?.extensions['fallback'];
  if (typeof fallback !== 'number') return 1;
  const given = argumentsIn(node, variables);
  const asked = given['first'] ?? given['last'];
  return Number.isSafeInteger(asked) && (asked as number) >= 0 ? (asked as number) : fallback;
}

function readsOf({ args }: Definition, { arguments: given }: FieldNode): number {
  return (given ?? []).reduce((sum, { name }) => {
    const reads = args.find((arg) => arg.name === name.value)?.extensions['reads'];
    return sum + (typeof reads === 'number' ? reads : 0);
  }, 0);
}

/** As written: a size that is none is refused by who reads it. */
function argumentsIn(
  { arguments: given }: FieldNode,
  variables: Measured['variables'],
): Record<string, unknown> {
  return Object.fromEntries(
    (given ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value, variables)]),
  );
}
