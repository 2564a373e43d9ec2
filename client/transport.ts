/** What the three ways to follow have in common: websocket.ts, event-stream.ts, polling.ts. */
import { passes, refusedBy, type Refused, type WireError } from './refused.ts';

/** From the one that is tried first to the one that passes everywhere. */
export type TransportName = 'websocket' | 'sse' | 'poll';

/** How pages are asked for where nothing can be pushed. */
export interface Poll<Item> {
  /** A query that takes `$after: Cursor`. */
  readonly query: string;
  /**
   * What a page holds: items with their cursors (null: the cursor stays that of the item before), and whether more are
   * there already.
   */
  page(data: unknown): {
    readonly items: readonly { readonly item: Item; readonly cursor: string | null }[];
    readonly more: boolean;
    /** Where the next page begins when this one has no item that counts; null: where this one did. */
    readonly after: string | null;
  };
}

/** What is followed. */
export interface Followed<Item> {
  /** A subscription that takes `$after: Cursor`. */
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** The field of the answer that holds an item. */
  readonly field: string;
  /** Cursor of the last item that the caller has. */
  readonly after?: string | null;
  /** Which thing an item is about, where they are about several; versions are compared per key. */
  readonly key?: (item: Item) => string;
  /** Grows with each item of a key: `seq` of an event, `version` of a row. What is not newer is not handed over. */
  readonly version?: (item: Item) => number;
  /** Without it polling is no way to follow this. */
  readonly poll?: Poll<Item>;
}

/** What one connection asks for. */
export interface Asked<Item> extends Followed<Item> {
  readonly after: string | null;
}

/** A GraphQL answer as it travels. */
export interface WireResult {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly WireError[];
  readonly extensions?: { readonly cursor?: string; readonly [more: string]: unknown };
}

/** Who listens to one connection. */
export interface Hear<Item> {
  /** The gateway has answered by this transport: it is a way. */
  opened(): void;
  /** Null means: go on. */
  item(item: Item, cursor: string | null, errors: readonly WireError[]): End | null;
}

/** How a connection ended. */
export type End =
  /** Come again. */
  | { readonly kind: 'broken'; readonly reason: string; readonly wait_ms?: number }
  /** Nothing was heard for too long, though nobody closed it. Come again. */
  | { readonly kind: 'half-open'; readonly reason: string }
  /** The caller did something that cannot be: it would be refused again. */
  | { readonly kind: 'refused'; readonly error: Error }
  /** The gateway has no more items, for good. */
  | { readonly kind: 'complete' }
  /** `signal` aborted. */
  | { readonly kind: 'stopped' };

/** Carries one operation until it ends. Never rejects. */
export interface Transport {
  readonly name: TransportName;
  carry<Item>(asked: Asked<Item>, hear: Hear<Item>, signal: AbortSignal): Promise<End>;
}

/** Hands on what a result holds. A result without an item says why, or is about the connection only. */
export function take<Item>(
  { field }: Asked<Item>,
  hear: Hear<Item>,
  { data, errors = [] }: WireResult,
  cursor: string | null,
): End | null {
  const item = data?.[field];
  if (item !== undefined && item !== null) return hear.item(item as Item, cursor, errors);
  return errors.length > 0 ? endBy(refusedBy(errors)) : null;
}

/** The end that a refusal means: for now, or for good. */
export function endBy(refused: Refused): End {
  if (!passes(refused.code)) return { kind: 'refused', error: refused };
  return { kind: 'broken', reason: `${refused.code}: ${refused.message}` };
}

/** The variables of the operation, at its cursor. */
export function variablesOf({
  variables,
  after,
}: Pick<Asked<never>, 'variables' | 'after'>): Record<string, unknown> {
  return { ...variables, after };
}
