/** A page of a list, as a connection of the graph is made from it. */
import type { Ctx } from './context.ts';
import type { Page } from './page.ts';

export interface Connection<Row> {
  readonly nodes: readonly Row[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  /** Opaque position of a row of this list. */
  cursorOf(row: Row): string;
  /** Shared by all connections of one level, so that their totals are one statement. */
  readonly counter: Counter;
  /** Which of the level's lists this is. */
  readonly index: number;
}

/**
 * How many rows each list has, all pages together: one statement, when first asked. `atMost` ends the counting there;
 * without it all that match are read, which takes its time in a long list.
 */
export type Counter = (ctx: Ctx, atMost?: number) => Promise<readonly number[]>;

/** What the connections of one level have in common. */
interface Level {
  readonly page: Page;
  readonly cursors: { write(row: object): string };
}

/** Of the rows that were read for a page: one more than its size where there are more. */
export function connectionOf<Row extends object>(
  level: Level,
  rows: readonly Row[],
  counter: Counter,
  index: number,
): Connection<Row> {
  return new RowsConnection(level, rows, counter, index);
}

/** A class, for a level makes one for each of its parents. */
class RowsConnection<Row extends object> implements Connection<Row> {
  readonly nodes: readonly Row[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly counter: Counter;
  readonly index: number;
  readonly #level: Level;

  constructor(level: Level, rows: readonly Row[], counter: Counter, index: number) {
    const { size, backward, after, before } = level.page;
    const more = rows.length > size;
    const within = more ? rows.slice(0, size) : rows;
    this.nodes = backward ? within.toReversed() : within;
    // In the direction of reading it is known; behind, a cursor was there.
    this.hasNextPage = backward ? before !== null : more;
    this.hasPreviousPage = backward ? more : after !== null;
    this.counter = counter;
    this.index = index;
    this.#level = level;
  }

  cursorOf(row: Row): string {
    return this.#level.cursors.write(row);
  }
}

/** Each count once, whoever asks. */
export function once(counter: Counter): Counter {
  const counted = new Map<number | undefined, Promise<readonly number[]>>();
  return (ctx, atMost) => {
    const known = counted.get(atMost) ?? counter(ctx, atMost);
    counted.set(atMost, known);
    return known;
  };
}
