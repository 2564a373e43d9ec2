/**
 * A plan: an operation, compiled once, for any number of executions. Selections are merged per concrete type, and each
 * field knows how its values are made and completed, so that running it looks nothing up. The conditions of @skip and
 * @include are decided when a plan is made; `switchesOf` names the variables that they hang on.
 */
import {
  defaultFieldResolver,
  getArgumentValues,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  visit,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js';
import { argumentsReader, type Values } from './inputs.ts';
import type { Shown } from './shown.ts';

/**
 * A field's function over a whole level: a value, or an Error, per parent and in their order. `shown` is what the
 * operation shows of each type.
 */
export type BatchFunction = (
  parents: readonly unknown[],
  args: Readonly<Record<string, unknown>>,
  context: unknown,
  shown: Shown,
) => readonly unknown[] | PromiseLike<readonly unknown[]>;

/** How a value of a type is completed. */
export type Shape =
  | { readonly kind: 'leaf'; readonly nonNull: boolean; readonly type: GraphQLLeafType }
  | { readonly kind: 'list'; readonly nonNull: boolean; readonly item: Shape }
  | {
      readonly kind: 'object';
      readonly nonNull: boolean;
      readonly type: GraphQLObjectType;
      readonly selection: Selection;
    }
  | {
      readonly kind: 'abstract';
      readonly nonNull: boolean;
      readonly type: GraphQLAbstractType;
      /** Compiled when a value of the type is first met. */
      readonly selectionOf: (type: GraphQLObjectType) => Selection;
    };

/** All that is selected of one concrete type at one place of the answer. */
export interface Selection {
  readonly type: GraphQLObjectType;
  readonly fields: readonly PlannedField[];
  /** Those whose values are made before completion; the others are read from their parents while it goes on. */
  readonly executed: readonly PlannedField[];
}

export interface PlannedField {
  /** In the answer: the alias, or the name. */
  readonly key: string;
  readonly nodes: readonly FieldNode[];
  readonly def: GraphQLField<unknown, unknown>;
  readonly parentType: GraphQLObjectType;
  readonly shape: Shape;
  /** `__typename`: the name of the parent's type. */
  readonly isTypename: boolean;
  readonly batch: BatchFunction | null;
  /** Null where the value is a property of the parent. */
  readonly resolve: GraphQLFieldResolver<unknown, unknown> | null;
  /** Whether `resolve` may look at its fourth argument. */
  readonly takesInfo: boolean;
  /** Its arguments for one call. Throws a GraphQLError where a variable does not fit. */
  readonly argumentsFor: (variables: Values) => Record<string, unknown>;
  /** Its arguments where they hang on no variable; null where they do, or fail. */
  readonly constantArgs: Readonly<Record<string, unknown>> | null;
  /** Its place among `executed`; -1 where it is read in completion. */
  readonly slot: number;
}

export interface Plan {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly root: Selection;
  readonly shown: Shown;
}

/** What a plan is made from; `switches` are the values of the variables that `switchesOf` names. */
export interface Planned {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly switches: Readonly<Record<string, unknown>>;
  readonly shown: Shown;
}

/** Compiles a valid operation. Throws a plain Error when the schema has no such root type. */
export function compile({ schema, operation, fragments, switches, shown }: Planned): Plan {
  const rootType = schema.getRootType(operation.operation);
  if (!rootType) throw new Error(`the schema has no type for a ${operation.operation}`);
  const compiler: Compiler = { schema, fragments, switches };
  const found = collectFields(schema, fragments, switches, rootType, operation.selectionSet);
  const root = selectionOf(compiler, rootType, found);
  return { schema, operation, fragments, root, shown };
}

/** Names of the variables that conditions of @skip and @include hang on, in the operation or its fragments. */
export function switchesOf(
  operation: OperationDefinitionNode,
  fragments: Readonly<Record<string, FragmentDefinitionNode>>,
): readonly string[] {
  const names = new Set<string>();
  const seen = new Set<string>();
  const look = (node: OperationDefinitionNode | FragmentDefinitionNode) => {
    visit(node, {
      Directive({ name, arguments: args }) {
        if (name.value !== 'skip' && name.value !== 'include') return;
        for (const { value } of args ?? [])
          if (value.kind === Kind.VARIABLE) names.add(value.name.value);
      },
      FragmentSpread({ name }) {
        const fragment = fragments[name.value];
        if (!fragment || seen.has(name.value)) return;
        seen.add(name.value);
        look(fragment);
      },
    });
  };
  look(operation);
  return [...names].toSorted();
}

type Compiler = Pick<Planned, 'schema' | 'fragments' | 'switches'>;

type Collected = ReadonlyMap<string, readonly FieldNode[]>;

function selectionOf(compiler: Compiler, type: GraphQLObjectType, collected: Collected): Selection {
  const executed: PlannedField[] = [];
  const fields: PlannedField[] = [];
  for (const [key, nodes] of collected) {
    const def = definitionOf(compiler.schema, type, nodes[0]!.name.value);
    if (!def) continue; // Unknown here: a valid document has none.
    const field = fieldOf(compiler, type, key, nodes, def, executed.length);
    fields.push(field);
    if (field.slot >= 0) executed.push(field);
  }
  return { type, fields, executed };
}

function fieldOf(
  compiler: Compiler,
  parentType: GraphQLObjectType,
  key: string,
  nodes: readonly FieldNode[],
  def: GraphQLField<unknown, unknown>,
  slot: number,
): PlannedField {
  const shape = shapeOf(compiler, def.type, nodes);
  const isTypename = def === TypeNameMetaFieldDef;
  const batch = (def.extensions['batch'] as BatchFunction | undefined) ?? null;
  const args = constantArgs(def, nodes[0]!);
  // Arguments may fail also where nobody reads them, as those of a property: then it is made as by graphql-js.
  const property = args === null ? defaultFieldResolver : null;
  const resolve = isTypename || batch ? null : (def.resolve ?? property);
  const executes = Boolean(batch ?? resolve) || needsGroup(shape);
  return {
    key,
    nodes,
    def,
    parentType,
    shape,
    isTypename,
    batch,
    resolve,
    takesInfo: resolve !== null && mayTakeInfo(resolve),
    argumentsFor: argumentsReader(def, nodes[0]!),
    constantArgs: args,
    slot: executes ? slot : -1,
  };
}

function definitionOf(schema: GraphQLSchema, parent: GraphQLObjectType, name: string) {
  if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
  if (parent === schema.getQueryType()) {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  }
  return parent.getFields()[name];
}

function shapeOf(
  compiler: Compiler,
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
  nonNull = false,
): Shape {
  if (isNonNullType(type)) return shapeOf(compiler, type.ofType, nodes, true);
  if (isListType(type))
    return { kind: 'list', nonNull, item: shapeOf(compiler, type.ofType, nodes) };
  if (isLeafType(type)) return { kind: 'leaf', nonNull, type };
  const { schema, fragments, switches } = compiler;
  const selected = (of: GraphQLObjectType) =>
    selectionOf(compiler, of, collectSubfields(schema, fragments, switches, of, nodes));
  if (!isAbstractType(type)) return { kind: 'object', nonNull, type, selection: selected(type) };
  const selections = new Map<GraphQLObjectType, Selection>();
  return {
    kind: 'abstract',
    nonNull,
    type,
    selectionOf(of) {
      let selection = selections.get(of);
      if (!selection) selections.set(of, (selection = selected(of)));
      return selection;
    },
  };
}

/** Whether its values must be known before completion: something below them is executed, or their type is in doubt. */
function needsGroup(shape: Shape): boolean {
  const inner = innermost(shape);
  if (inner.kind !== 'object') return inner.kind === 'abstract';
  return Boolean(inner.type.isTypeOf) || inner.selection.executed.length > 0;
}

/** Of a list what it holds, through all its levels; else the shape itself. */
export function innermost(shape: Shape): Exclude<Shape, { kind: 'list' }> {
  return shape.kind === 'list' ? innermost(shape.item) : shape;
}

/** By its text: a function of three plain parameters or fewer cannot see a fourth argument. */
function mayTakeInfo(resolve: GraphQLFieldResolver<unknown, unknown>): boolean {
  if (resolve.length > 3) return true;
  const text = Function.prototype.toString.call(resolve);
  if (/\barguments\b|\[native code\]/.test(text)) return true;
  const [parameters] = /^(async\s*)?(function\b[^(]*)?(\w+\s*=>|\()/.exec(text) ?? [];
  if (parameters === undefined) return true; // A method, a generator: whatever is not plain.
  return parameters.endsWith('(') && hidesParameters(text, parameters.length);
}

/** Whether the list of parameters that begins at `from` holds a default, a rest, or what this does not read. */
function hidesParameters(text: string, from: number): boolean {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    const sign = text[at]!;
    if ('([{'.includes(sign)) depth += 1;
    else if (')]}'.includes(sign)) depth -= 1;
    else if ('\'"`/'.includes(sign)) return true;
    else if (depth === 1 && (sign === '=' || sign === '.')) return true;
    if (depth === 0) return false;
  }
  return true;
}

function constantArgs(
  def: GraphQLField<unknown, unknown>,
  node: FieldNode,
): Readonly<Record<string, unknown>> | null {
  let variable = false;
  for (const argument of node.arguments ?? []) {
    visit(argument, {
      Variable() {
        variable = true;
      },
    });
  }
  if (variable) return null;
  try {
    return Object.freeze(getArgumentValues(def, node, {})); // All executions are given these very ones.
  } catch {
    return null; // Told when it is executed, at each of its places.
  }
}
