/** What a projector keeps equal to rows: which changes it follows, and how a change becomes writes. */
import type { ChangeKind } from '../events/feed/feed.ts';
import type { Held, Projection } from '../graph/projection.ts';
import type { Sql } from '../sql.ts';

/**
 * Where a batch is written. The lock is held, and `sql` is read only now: so nobody else can write what he read before
 * us, nor we what was read before him. Of a row that was deleted after it was read, the deletion is applied after this.
 */
export interface Batch {
  readonly held: Held;
  readonly sql: Sql;
  /** For all that is written. */
  readonly mark: number;
}

/** Ids that changed, each once, by their kind. */
export type Changed = ReadonlyMap<ChangeKind, readonly string[]>;

/** Kinds of changes whose rows are projected together. */
export interface Projected {
  readonly kinds: readonly ChangeKind[];
  /**
   * Makes the store hold what the rows of these ids say now: writes those that are there, removes those that are not.
   * Nothing of it may count on an order of changes. Throws TooLarge. Statements: the same number however many ids, and more
   * only where what hangs on them is more than may be held at a time.
   */
  bring(batch: Batch, changed: Changed): Promise<void>;
  /** Where `bring` counts on what is stored: the same without. */
  mend?(batch: Batch, changed: Changed): Promise<void>;
  /** One after the other they bring all rows, then take away what no row said. */
  readonly stages: readonly Stage[];
  /** What must be equal when nothing is left to be applied. */
  readonly compared: readonly Compared[];
}

/** A walk in batches, each a transaction. */
export interface Stage {
  /** Stored while a rebuild is at it. */
  readonly name: string;
  /**
   * The next batch after an id (null: the first); at most `limit` items; answers the last id it did, null when there
   * was nothing more. Throws TooLarge.
   */
  work(batch: Batch, after: string | null, limit: number): Promise<string | null>;
}

/** Items of one sort, here and there, each under its id; both walks in the order of ids, from after one (null: the first). */
export interface Compared {
  /** For people: `node`. */
  readonly item: string;
  /** Of whose rows they are made: their id is the row's. */
  readonly kind: ChangeKind;
  rowsAfter(sql: Sql, id: string | null, limit: number): Promise<readonly Item[]>;
  storedAfter(projection: Projection, id: string | null, limit: number): Promise<readonly Item[]>;
  rows(sql: Sql, ids: readonly string[]): Promise<readonly Item[]>;
  stored(held: Held, ids: readonly string[]): Promise<readonly Item[]>;
}

/** Equal when all fields are. */
export type Item = Readonly<Record<string, unknown>> & { readonly id: string };
