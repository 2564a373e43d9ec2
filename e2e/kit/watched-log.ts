/** Subscriptions over a log in memory, as transports read them: for what stream.ts and sharing.ts promise. */
import { setImmediate as turn } from 'node:timers/promises';
import { buildSchema, type GraphQLFieldResolver } from 'graphql';
import type { Answering } from '../../gateway/execution/answer.ts';
import { openDocuments } from '../../gateway/execution/documents.ts';
import { openSharing, type SharingLimits } from '../../gateway/execution/sharing.ts';
import { streaming } from '../../gateway/execution/stream.ts';
import { openTurns } from '../../gateway/execution/turns.ts';
import type { LiveCtx } from '../../resolvers/context.ts';
import { LOCAL_VIEWER, type Viewer } from '../../resolvers/policy.ts';
import type { StopSignal } from '../../resolvers/stop.ts';

/** A log in memory, whose followers are handed the same objects, as those of resolvers/live/ are. */
export function watchedLog(
  resolvers: Record<string, GraphQLFieldResolver<Item, LiveCtx>> = {},
  { limits, now_ms }: { limits?: SharingLimits; now_ms?: () => number } = {},
) {
  const schema = buildSchema(`
    type Query { a: Int }
    type Item { value(plus: Int): Int, workspace: String, name: String, broken: Int, slow: Int }
    type Subscription { items(after: String, kind: String = "any"): Item }`);
  const log: Item[] = [];
  let grown = deferred();
  const contexts: LiveCtx[] = [];
  const reports: unknown[] = [];

  async function* after(place: number, signal: StopSignal): AsyncGenerator<Item> {
    for (let at = place; !signal.aborted;) {
      if (at < log.length) yield log[at++]!;
      else await grown.promise;
    }
  }
  const fields = schema.getSubscriptionType()!.getFields()['items']!;
  fields.subscribe = (_root, { after: place = '0' }: { after?: string }, ctx: LiveCtx) =>
    after(Number(place), ctx.signal);
  fields.resolve = (item) => item;
  const all: typeof resolvers = {
    value: ({ value }, { plus }, ctx) => {
      contexts.push(ctx);
      return value + (plus ?? 0);
    },
    workspace: (_item, _args, { viewer }) => viewer.workspaceId,
    name: (_item, _args, { viewer }) => viewer.id,
    ...resolvers,
  };
  const item = schema.getType('Item') as unknown as {
    getFields(): Record<string, { resolve?: unknown }>;
  };
  for (const [name, resolve] of Object.entries(all)) item.getFields()[name]!.resolve = resolve;

  const viewers = new Map<string, Viewer>();
  const parts: Answering = {
    schema,
    documentOf: openDocuments(schema, {
      tokens_max: 1_000,
      documents_max: 100,
      characters_max: 100_000,
    }),
    contextOf: ({ requestId }, signal) =>
      ({ signal, requestId, viewer: viewers.get(requestId) ?? LOCAL_VIEWER }) as LiveCtx,
    check: () => undefined,
    deadline_ms: 1_000,
    reportOf: (requestId) => (error, id) => reports.push({ error, id, requestId }),
  };
  const sharing = openSharing(parts, limits);
  const stream = streaming(parts, sharing, openTurns(now_ms));

  return {
    contexts,
    reports,
    counts: () => sharing.counts(),
    publish: (value: number): void => {
      log.push({ value, cursor: String(log.length + 1) });
      grown.resolve();
      grown = deferred();
    },
    /** What it is sent, as it comes. */
    watch: async (
      query: string,
      { variables = {}, viewer, from = Promise.resolve() }: Watch = {},
    ) => {
      const gone = new AbortController();
      const requestId = `request-${viewers.size}`;
      viewers.set(requestId, viewer ?? LOCAL_VIEWER);
      const asker = { requestId, signal: gone.signal, mayMutate: true };
      const begun = await stream({ query, variables }, asker);
      if ('refused' in begun) throw new Error(JSON.stringify(begun.refused));
      const texts: string[] = [];
      const read = async () => {
        await from;
        for await (const { text } of begun.items) texts.push(text);
      };
      void read();
      await turn();
      const leave = async () => {
        gone.abort();
        await begun.items.return!();
      };
      return { texts, results: () => texts.map((text) => JSON.parse(text) as Result), leave };
    },
  };
}

interface Item {
  readonly value: number;
  readonly cursor: string;
}
export interface Watch {
  readonly variables?: Record<string, unknown>;
  readonly viewer?: Viewer;
  /** Reads nothing before. */
  readonly from?: Promise<void>;
}
interface Result {
  readonly data: { items: Record<string, unknown> };
  readonly errors?: { message: string; extensions: { code: string; id?: string } }[];
  readonly extensions: { cursor: string };
}

/** A promise and what resolves it. */
export function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
