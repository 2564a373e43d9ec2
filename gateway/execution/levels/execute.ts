/**
 * A breadth-first executor for any executable GraphQLSchema. A field with `extensions.batch` is called once for all
 * its parents at one place of the answer; every other field means what it means to graphql-js.
 *
 *     const prepared = prepare(schema, document, null);
 *     const result = await execute(prepared, { variables, contextValue });
 *
 * Of the errors below a place that a failure has nulled, graphql-js tells those that came in time; this tells those
 * that come first in the order of the document.
 */
import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type ExecutionResult,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { complete, type Completed } from './complete.ts';
import { variablesReader, type Coerced, type Values } from './inputs.ts';
import { resolveLevels } from './levels.ts';
import type { Json } from './out.ts';
import { compile, switchesOf, type Plan, type Selection } from './plan.ts';
import { isThenable, type Asked, type Group, type Trace } from './asked.ts';
import { fieldsShown, type Shown } from './shown.ts';
import { writeData } from './write.ts';

/** An operation of a valid document, and its plans. */
export interface Prepared {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  /** Variables as they came, coerced. */
  variablesIn(given: Values): Coerced;
  /** The plan for these variables. */
  planFor(variables: Values): Plan;
}

/** What is used of an AbortSignal. */
type Stopping = Pick<AbortSignal, 'aborted' | 'reason' | 'throwIfAborted'> & {
  addEventListener(type: 'abort', listener: () => void, options: { once: true }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
};

export interface Execution {
  /** As they came. */
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly contextValue: unknown;
  readonly rootValue?: unknown;
  /** When it aborts nothing more is begun, and the execution rejects with its reason. */
  readonly signal?: Stopping | undefined;
  readonly trace?: Trace | undefined;
}

/** Plans of one operation that are kept: it has one for each combination of its conditions. */
const PLANS_KEPT_MAX = 16;

/** Finds the operation. Throws a GraphQLError where there is none, or more than one without a name to choose by. */
export function prepare(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
): Prepared {
  const operation = operationIn(document, operationName);
  const fragments = Object.create(null) as Record<string, FragmentDefinitionNode>;
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  }
  const names = switchesOf(operation, fragments);
  const plans = new Map<string, Plan>();
  let shown: Shown | undefined;
  const variablesIn = variablesReader(schema, operation.variableDefinitions ?? []);
  return {
    schema,
    operation,
    fragments,
    variablesIn,
    planFor(variables) {
      const key = names.map((name) => (variables[name] === true ? '1' : '0')).join('');
      let plan = plans.get(key);
      if (!plan) {
        shown ??= fieldsShown(schema, operation, fragments);
        plan = compile({ schema, operation, fragments, switches: variables, shown });
        if (plans.size >= PLANS_KEPT_MAX) plans.delete(plans.keys().next().value!);
        plans.set(key, plan);
      }
      return plan;
    },
  };
}

function operationIn(
  document: DocumentNode,
  name: string | null | undefined,
): OperationDefinitionNode {
  const all = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  const operations = all as OperationDefinitionNode[];
  if (name !== null && name !== undefined) {
    const found = operations.find((operation) => operation.name?.value === name);
    if (found) return found;
    throw new GraphQLError(`Unknown operation named "${name}".`);
  }
  if (operations.length > 1) {
    throw new GraphQLError('Must provide operation name if query contains multiple operations.');
  }
  if (!operations[0]) throw new GraphQLError('Must provide an operation.');
  return operations[0];
}

/** An answer whose data is JSON already. */
export interface Written {
  /** Of `data`; undefined where the operation was not executed at all. */
  readonly data: Json | undefined;
  readonly errors: readonly GraphQLError[];
}

/** Runs it. At once where no promise is met. Variables that do not fit are errors without data. */
export function execute(
  prepared: Prepared,
  execution: Execution,
): ExecutionResult | Promise<ExecutionResult> {
  return run<Completed, ExecutionResult>(prepared, execution, complete, asResult);
}

function asResult(made: Completed | Unfit): ExecutionResult {
  if (!('data' in made)) return made;
  const { data, errors } = made;
  return errors.length > 0 ? { errors, data } : { data };
}

/** As `execute`, but what it answers is text: about half the cost for large answers (docs/decisions/0005). */
export function executeToText(
  prepared: Prepared,
  execution: Execution,
): Written | Promise<Written> {
  return run<Completed | Written, Written>(prepared, execution, textOrObject, asWritten);
}

function asWritten(made: Completed | Written | Unfit): Written {
  if (!('data' in made)) return { data: undefined, errors: made.errors };
  if (typeof made.data === 'string' || Buffer.isBuffer(made.data)) return made as Written;
  return { data: JSON.stringify(made.data), errors: made.errors };
}

function textOrObject(asked: Asked, root: Group): Written | Completed | Promise<Completed> {
  const data = writeData(root);
  return data === null ? complete(asked, root) : { data, errors: [] };
}

/** Variables that do not fit. */
interface Unfit {
  readonly errors: readonly GraphQLError[];
}
type Finish<Made> = (asked: Asked, root: Group) => Made | Promise<Made>;

function run<Made extends Completed | Written, Result>(
  prepared: Prepared,
  { variables, contextValue, rootValue, signal, trace }: Execution,
  finish: Finish<Made | Completed>,
  result: (made: Made | Completed | Unfit) => Result,
): Result | Promise<Result> {
  const read = prepared.variablesIn(variables ?? {});
  if (read.errors) return result(read);
  const variableValues = read.coerced;
  const plan = prepared.planFor(variableValues);
  const asked: Asked = { plan, rootValue, contextValue, variableValues, signal, trace };
  signal?.throwIfAborted();
  const made =
    prepared.operation.operation === OperationTypeNode.MUTATION
      ? serially(asked)
      : inOneGo(asked, plan.root, finish);
  return isThenable(made) ? unlessAborted(made, signal, result) : result(made);
}

function inOneGo<Made>(
  asked: Asked,
  selection: Selection,
  finish: Finish<Made>,
): Made | Promise<Made> {
  return resolveLevels(asked, selection, asked.rootValue, (root) =>
    // What nobody waits for is not completed: its values are not all there.
    asked.signal?.aborted ? new Promise<Made>(() => undefined) : finish(asked, root),
  );
}

/** Root fields of a mutation, one after the other; one whose failure nulls the answer is the last. */
async function serially(asked: Asked): Promise<Completed> {
  const data = Object.create(null) as Record<string, unknown>;
  const errors: GraphQLError[] = [];
  for (const field of asked.plan.root.fields) {
    const alone = { ...field, slot: Math.min(field.slot, 0) };
    const executed = field.slot < 0 ? [] : [alone];
    const selection = { type: asked.plan.root.type, fields: [alone], executed };
    const completed = await inOneGo(asked, selection, complete);
    errors.push(...completed.errors);
    if (completed.data === null) return { data: null, errors };
    Object.assign(data, completed.data);
  }
  return { data, errors };
}

function unlessAborted<Made, Result>(
  work: Promise<Made>,
  signal: Stopping | undefined,
  result: (made: Made) => Result,
): Promise<Result> {
  if (!signal) return work.then(result);
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort(); // By one of its own resolvers, before it came here.
    signal.addEventListener('abort', abort, { once: true });
    work.then(
      (made) => {
        signal.removeEventListener('abort', abort);
        return resolve(result(made));
      },
      (error: unknown) => {
        signal.removeEventListener('abort', abort);
        reject(error);
      },
    );
  });
}
