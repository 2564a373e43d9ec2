/** What changes in a workspace, ready to be followed. docs/PROTOCOL.md shows it as messages. */
import { operation, textOf, type Operation } from './operation.ts';
import type { Fetch } from './post.ts';
import { answerIn, post } from './post.ts';
import { Refused, refusedBy } from './refused.ts';
import type { Followed } from './transport.ts';

/** Which type of node changed. */
export type ChangeType =
  | 'WORKFLOW'
  | 'RUN'
  | 'ARTIFACT'
  | 'ENTITY'
  | 'ENTITY_RELATION'
  | 'AGENT'
  | 'DOCUMENT';

/** That something changed, not what: read it by `node(id)`. */
export interface Change {
  readonly type: ChangeType;
  /** As `node(id)` takes it. */
  readonly id: string;
  /** Of the node after this change; of one that is gone the last it had + 1. */
  readonly version: number;
  /** It was deleted: forget it. */
  readonly gone: boolean;
  /** Of a run: the first and last of the events that came with this change. */
  readonly fromSeq: number | null;
  readonly toSeq: number | null;
  /** ISO 8601, the database's clock. */
  readonly recordedAt: string;
  readonly cursor: string;
}

export interface ChangesOptions {
  /**
   * Cursor of the last change that the caller has, or one of `changesCursor`. Without it from the moment it is
   * connected; then what is committed between a connection that brought nothing yet and the next one is missed.
   */
  readonly after?: string | null;
  /** Only these; without it all. */
  readonly types?: readonly ChangeType[];
}

const CHANGES: Operation<{ changes: Change }, never> =
  operation(`subscription Changes($after: Cursor, $types: [ChangeType!]) {
  changes(after: $after, types: $types) { type id version gone fromSeq toSeq recordedAt cursor }
}`);

const NOW: Operation<{ changesCursor: string | null }, never> = operation(
  `query ChangesCursor { changesCursor }`,
);

/**
 * Every change of a workflow, run, artifact, entity, relation or document, each once. Of one id only what is newer than what came before is handed
 * over: a change that commits late, behind a newer one, is kept back and counted as `older`. Passes by WebSocket and
 * server-sent events; there is no way to poll it. Ends by Refused with CURSOR_EXPIRED when it was away for longer than
 * changes are kept, or the database was restored: take `changesCursor`, read all rows anew, follow from there.
 */
export function changes({ after = null, types }: ChangesOptions = {}): Followed<Change> {
  return {
    query: textOf(CHANGES),
    variables: { types: types ?? null },
    field: 'changes',
    after,
    key: ({ id }) => id,
    version: ({ version }) => version,
  };
}

export interface CursorOptions {
  /** Of the GraphQL endpoint, http or https. */
  readonly url: string;
  /** Else the global one. */
  readonly fetch?: Fetch;
  readonly signal?: AbortSignal;
}

/**
 * Where `changes` stands now. Take it, read the rows you want, then follow `changes` after it: nothing falls between.
 * Throws Refused, and what `fetch` throws when nobody answers.
 */
export async function changesCursor({ url, signal, ...options }: CursorOptions): Promise<string> {
  const fetch: Fetch = options.fetch ?? ((...asked) => globalThis.fetch(...asked));
  const body = JSON.stringify({ query: textOf(NOW) });
  const headers = { accept: 'application/graphql-response+json' };
  const never = new AbortController().signal;
  const response = await post(fetch, url, body, headers, signal ?? never);
  const { data, errors = [] } = answerIn(await response.text()) ?? {};
  if (errors.length > 0) throw refusedBy(errors);
  const cursor = data?.['changesCursor'];
  if (typeof cursor === 'string') return cursor;
  throw new Refused('UNKNOWN', `answered ${response.status} and no cursor`);
}
