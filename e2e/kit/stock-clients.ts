/** Real clients of others, told what docs/PROTOCOL.md says, behind one face for the tests. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApolloClient, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import {
  createClient as createUrql,
  subscriptionExchange,
  type SubscriptionForwarder,
} from '@urql/core';
import { parse } from 'graphql';
import { createClient as createSse, type Client as SseClient } from 'graphql-sse';
import { createClient as createWs, type Client as WsClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { resuming } from './resuming.ts';

export interface StockClient {
  /** Hands over the root field of each result, and each error. */
  follow(query: string, variables: Variables, sink: StockSink): void;
  /** Connections that it lost and tried again. */
  broken(): number;
  close(): Promise<void>;
}

export type Variables = Record<string, unknown>;

export interface StockSink {
  item(item: unknown): void;
  failed(error: unknown): void;
}

/** How graphql-ws closes a socket on which it has no more subscriptions. */
const OURS = 1000;
const AGAIN_ms = 30;
/** More than a restart of the gateway takes. */
const RETRIES = 1_000;

/**
 * The settings that a stock client needs: by its own it gives up on the first connection that is refused. Its `dispose`
 * never fails: graphql-ws's does if it is about to connect and cannot.
 */
export function socketClient(url: string, lost: () => void = () => undefined): WsClient {
  const client = createWs({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    shouldRetry: () => true,
    retryAttempts: RETRIES,
    retryWait: () => sleep(AGAIN_ms),
    on: {
      closed: (event) => {
        if ((event as { code: number }).code !== OURS) lost();
      },
    },
  });
  return { ...client, dispose: async () => client.dispose()?.catch(() => undefined) };
}

/** graphql-sse as docs/PROTOCOL.md says it must be told; `lost` is called each time that it comes again. */
export function streamClient(url: string, lost: () => void = () => undefined): SseClient {
  return createSse({
    url: `${url}/graphql`,
    retryAttempts: RETRIES,
    retry: () => sleep(AGAIN_ms),
    on: { connecting: (again) => void (again && lost()) },
  });
}

/** In the order of docs/PROTOCOL.md. EventSource is not here: it lives in a browser. */
export const STOCK_CLIENTS: readonly {
  readonly name: string;
  readonly open: (url: string) => StockClient;
}[] = [
  { name: 'graphql-ws', open: (url) => counted((lost) => plain(socketClient(url, lost))) },
  { name: 'graphql-sse', open: (url) => counted((lost) => plain(streamClient(url, lost))) },
  { name: 'Apollo Client', open: (url) => counted((lost) => apollo(socketClient(url, lost))) },
  { name: 'urql by graphql-ws', open: (url) => counted((lost) => urql(socketClient(url, lost))) },
  { name: 'urql by graphql-sse', open: (url) => counted((lost) => urql(streamClient(url, lost))) },
];

type Uncounted = Omit<StockClient, 'broken'>;

function counted(open: (lost: () => void) => Uncounted): StockClient {
  let broken = 0;
  return { ...open(() => (broken += 1)), broken: () => broken };
}

function handOver(sink: StockSink, { data, errors }: { data?: unknown; errors?: unknown }): void {
  if (errors !== undefined) sink.failed(errors);
  else for (const item of Object.values(data ?? {})) sink.item(item);
}

function plain(client: WsClient | SseClient): Uncounted {
  const told = resuming(client);
  return {
    follow: (query, variables, sink) =>
      void told.subscribe(
        { query, variables },
        {
          next: (result) => handOver(sink, result),
          error: (error) => sink.failed(error),
          complete: () => sink.failed(new Error('it was completed')),
        },
      ),
    close: async () => client.dispose(),
  };
}

/** With its cache as it comes: entities by `id`. */
export function apolloOn(client: WsClient): ApolloClient {
  // Its link looks at the global one to tell errors apart; Node has it from 22 on.
  (globalThis as { WebSocket?: unknown }).WebSocket ??= WebSocket;
  return new ApolloClient({
    link: new GraphQLWsLink(resuming(client)),
    cache: new InMemoryCache(),
  });
}

function apollo(client: WsClient): Uncounted {
  const above = apolloOn(client);
  return {
    follow: (query, variables, sink) =>
      void above
        .subscribe<Record<string, unknown>>({ query: parse(query), variables })
        .subscribe(({ data, error }) =>
          handOver(sink, error === undefined ? { data } : { errors: error }),
        ),
    async close() {
      above.stop();
      await client.dispose();
    },
  };
}

function urql(client: WsClient | SseClient): Uncounted {
  const told = resuming(client);
  const forward: SubscriptionForwarder = ({ query = '', variables }) => ({
    subscribe: (sink) => ({
      unsubscribe: told.subscribe({ query, variables: variables as Variables }, sink as never),
    }),
  });
  const above = createUrql({
    url: 'http://unused.invalid/graphql',
    exchanges: [subscriptionExchange({ forwardSubscription: forward })],
  });
  return {
    follow: (query, variables, sink) =>
      void above
        .subscription<Record<string, unknown>>(query, variables)
        .subscribe(({ data, error }) =>
          handOver(sink, error === undefined ? { data } : { errors: error }),
        ),
    close: async () => client.dispose(),
  };
}
