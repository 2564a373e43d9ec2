/**
 * From a subscription to its results, one by one: what every live transport calls. Each item of the source is executed
 * with a context of its own, so that nothing loaded for one item is shown with the next.
 */
import {
  createSourceEventStream,
  execute,
  getOperationAST,
  GraphQLError,
  OperationTypeNode,
  type ExecutionResult,
} from 'graphql';
import type { Answering, Asker, Params } from './answer.ts';
import { rendered } from './answer.ts';

/** One result on its way to the client. */
export interface Streamed {
  readonly result: ExecutionResult;
  /** Where the client may go on after it; null where the field gives none. */
  readonly cursor: string | null;
}

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
export function streaming(parts: Answering): (params: Params, asker: Asker) => Promise<Stream> {
  return async (params, asker) => {
    const { schema, documentOf, contextOf } = parts;
    const report = parts.reportOf(asker.requestId);
    const { document, errors } = documentOf(params.query);
    if (errors) return { refused: rendered({ errors: errors.map(asGraphQL) }, report).result };
    const context = () => contextOf(asker, asker.signal);
    const asked = {
      schema,
      document,
      operationName: params.operationName ?? null,
      variableValues: params.variables ?? null,
    };
    const source = await createSourceEventStream({ ...asked, contextValue: context() }).catch(
      (error: unknown) => ({ errors: [asGraphQL(error)] }),
    );
    if (!(Symbol.asyncIterator in source)) return { refused: rendered(source, report).result };

    const resultOf = async (item: unknown): Promise<Streamed> => {
      const result = await execute({ ...asked, rootValue: item, contextValue: context() });
      return { result: rendered(result, report).result, cursor: cursorOf(item) };
    };
    const failed = (error: unknown): Streamed => ({
      result: rendered({ errors: [asGraphQL(error)] }, report).result,
      cursor: null,
    });
    return { items: mapped(source[Symbol.asyncIterator](), resultOf, failed) };
  };
}

/** `return()` reaches the source at once, also while it waits. An error of the source is its last result. */
function mapped(
  source: AsyncIterator<unknown>,
  resultOf: (item: unknown) => Promise<Streamed>,
  failed: (error: unknown) => Streamed,
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
        return { done: false, value: await resultOf(step.value) };
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

function cursorOf(item: unknown): string | null {
  const { cursor } = item as { cursor?: unknown };
  return typeof cursor === 'string' ? cursor : null;
}

function asGraphQL(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  return new GraphQLError('', {
    originalError: error instanceof Error ? error : new Error(String(error)),
  });
}
