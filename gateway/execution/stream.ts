/**
 * From a subscription to its results, one by one: what every live transport calls. sharing.ts executes each item of
 * the source.
 */
import {
  createSourceEventStream,
  getOperationAST,
  GraphQLError,
  OperationTypeNode,
  type ExecutionResult,
} from 'graphql';
import { collectFields } from 'graphql/execution/collectFields.js';
import { seenBy } from '../../resolvers/events/feed/consistency.ts';
import type { Answering, Asker, Params } from './answer.ts';
import { consistencyOf, notExecuted, resultOf, told } from './answer.ts';
import type { Prepared } from './levels/execute.ts';
import type { Sharing } from './sharing.ts';
import { streamed, type Streamed } from './streamed.ts';
import { openTurns, type Turns } from './turns.ts';

/** A subscription that began, or why it did not: one result, without items to come. */
export type Stream =
  | { readonly items: AsyncIterableIterator<Streamed> }
  | { readonly refused: ExecutionResult };

/** True when the operation that these parameters name is a subscription. */
export function isSubscription({ documentOf }: Answering, params: Params): boolean {
  const { document } = documentOf(params.query);
  if (!document) return false;
  return (
    getOperationAST(document, params.operationName)?.operation === OperationTypeNode.SUBSCRIPTION
  );
}

/** Makes the function. It never throws; `asker.signal` ends the items. */
export function streaming(
  parts: Answering,
  sharing: Sharing,
  turns: Turns = openTurns(),
): (params: Params, asker: Asker) => Promise<Stream> {
  return async (params, asker) => {
    const { schema, documentOf, contextOf } = parts;
    const report = parts.reportOf(asker.requestId);
    const refused = (errors: readonly unknown[]) => told(notExecuted(errors), report, false); // It has no status.
    const found = documentOf(params.query);
    if (found.errors) return { refused: resultOf(refused(found.errors)) };
    const { document } = found;
    const truthful: Asker = { ...asker, truthOnly: true };
    const context = () => contextOf(truthful, asker.signal);
    const { operationName = null } = params;
    const variables = params.variables ?? {};
    try {
      const prepared = found.operation(operationName);
      parts.check(prepared, variables);
      checkField(prepared, variables);
      const token = consistencyOf(params, asker);
      if (token !== null) await seenBy(context().live.feed, token);
    } catch (error) {
      return { refused: resultOf(refused([error])) };
    }
    const source = await createSourceEventStream({
      schema,
      document,
      operationName,
      variableValues: variables,
      contextValue: context(),
    }).catch((error: unknown) => ({ errors: [error] }));
    if (!(Symbol.asyncIterator in source))
      return { refused: resultOf(refused(source.errors ?? [])) };

    const itemResult = sharing.follow({ document, operationName, variables, context, report });
    const failed = (error: unknown): Streamed => streamed(refused([error]), null);
    return { items: mapped(source[Symbol.asyncIterator](), itemResult, failed, turns) };
  };
}

/** graphql-js takes it that there is a field; validation refuses conditions by variables there. */
function checkField(
  { schema, fragments, operation }: Prepared,
  variables: Readonly<Record<string, unknown>>,
): void {
  const root = schema.getSubscriptionType();
  if (!root) return; // Told by graphql-js.
  const fields = collectFields(schema, fragments, variables, root, operation.selectionSet);
  if (fields.size === 0) throw new GraphQLError('The field of this subscription is left out.');
}

/** `return()` reaches the source at once, also while it waits. An error of the source is its last result. */
function mapped(
  source: AsyncIterator<unknown>,
  made: (item: unknown) => Promise<Streamed> | Streamed,
  failed: (error: unknown) => Streamed,
  turns: Turns,
): AsyncIterableIterator<Streamed> {
  let over = false;
  return {
    async next() {
      if (over) return { done: true, value: undefined };
      try {
        const step = await source.next();
        if (step.done) {
          over = true;
          return { done: true, value: undefined };
        }
        for (let pause = turns.pause(); pause; pause = turns.pause()) await pause;
        const result = made(step.value);
        return { done: false, value: result instanceof Promise ? await result : result };
      } catch (error) {
        over = true;
        await source.return?.();
        return { done: false, value: failed(error) };
      }
    },
    async return() {
      over = true;
      await source.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
