/**
 * graphql-yoga on /graphql. It chooses the media type and writes the answer; what an operation means is decided by
 * the one function that it is handed (execution/answer.ts). Both hooks below only pass on.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import { createYoga, type GraphQLParams, type Plugin } from 'graphql-yoga';
import type { Params } from '../execution/answer.ts';

/** One request: how its parameters are read, and how they are answered. Both throw GraphQLErrors only. */
export interface Asked {
  read(): Promise<Params>;
  answer(params: Params): Promise<ExecutionResult>;
}

const PASS_ON: Plugin<object, Asked> = {
  onRequestParse({ serverContext, setRequestParser }) {
    setRequestParser(() => serverContext.read() as Promise<GraphQLParams>);
  },
  onParams({ context, setParamsHandler }) {
    setParamsHandler(({ params }) => context.answer(params as Params));
  },
};

/** Answers a request of GraphQL over HTTP: GET or POST, JSON or event stream, by `Accept`. */
export function openYoga(
  endpoint: string,
): (request: IncomingMessage, response: ServerResponse, asked: Asked) => Promise<void> {
  const yoga = createYoga<Asked>({
    graphqlEndpoint: endpoint,
    plugins: [PASS_ON],
    // Done before it is asked (transports/http.ts, limits/), or by the function it is handed.
    cors: false,
    graphiql: false,
    landingPage: false,
    maskedErrors: false,
    maxRequestBodySize: false,
    parserAndValidationCache: false,
    logging: false,
  });
  return async (request, response, asked) => {
    await yoga(request, response, asked);
  };
}
