/**
 * Reads of many operations by one statement. An answer is a list, one for each root, so those who ask in the same words
 * for other roots can be answered together: to Neo4j and its driver a statement costs more than what a small walk reads.
 */

/** Answers for each root, in their order. */
export type ReadAll<Root, Of> = (roots: readonly Root[]) => Promise<readonly Of[]>;

/**
 * The answers for these roots, read together with those that others ask for in the same words, in which must be all that
 * the statement depends on. A statement has `roots_max` at most, unless one alone asks for more: what it costs, and that
 * it fails, is shared by all whose roots are in it. Nobody changes an answer: others may have the same.
 */
export type Join = <Root, Of>(
  words: string,
  roots: readonly Root[],
  roots_max: number,
  readAll: ReadAll<Root, Of>,
) => Promise<readonly Of[]>;

/**
 * Who comes while a statement of the same words is under way goes when it ends, or after so long: a slow one holds up
 * nobody who comes later, and a server with many cores gets more of them.
 */
const WAIT_ms = 5;

interface Asking {
  readonly roots: readonly unknown[];
  readonly readAll: ReadAll<unknown, unknown>;
  readonly answer: (of: readonly unknown[]) => void;
  readonly fail: (error: unknown) => void;
}

/** Of those who ask in the same words, and so for the same kinds of things. */
interface Lane {
  readonly roots_max: number;
  readonly waiting: Asking[];
  underway: number;
  timer: NodeJS.Timeout | undefined;
}

export function openJoiner(): Join {
  const lanes = new Map<string, Lane>();

  /** One statement, for as many of those who wait as it takes, in the order in which they came. */
  function send(words: string, lane: Lane): void {
    const taken = lane.waiting.splice(0, countWithin(lane.roots_max, lane.waiting));
    lane.underway += 1;
    void readFor(taken).finally(() => {
      lane.underway -= 1;
      if (lane.waiting.length > 0) send(words, lane);
      else if (lane.underway === 0) lanes.delete(words);
    });
    waitOn(words, lane);
  }

  function sendAll(words: string, lane: Lane): void {
    while (lane.waiting.length > 0) send(words, lane);
  }

  function waitOn(words: string, lane: Lane): void {
    if (lane.waiting.length > 0) lane.timer ??= setTimeout(sendAll, WAIT_ms, words, lane);
    else {
      clearTimeout(lane.timer);
      lane.timer = undefined;
    }
  }

  return <Root, Of>(
    words: string,
    roots: readonly Root[],
    roots_max: number,
    readAll: ReadAll<Root, Of>,
  ) =>
    new Promise<readonly Of[]>((resolve, fail) => {
      const lane = lanes.get(words) ?? { roots_max, waiting: [], underway: 0, timer: undefined };
      lanes.set(words, lane);
      lane.waiting.push({
        roots,
        readAll: readAll as Asking['readAll'],
        answer: resolve as Asking['answer'],
        fail,
      });
      if (lane.underway === 0) send(words, lane);
      else waitOn(words, lane);
    });
}

/** Of those that come first, how many have no more than so many roots together; one at least. */
function countWithin(roots_max: number, waiting: readonly Asking[]): number {
  let roots = 0;
  const beyond = waiting.findIndex((asking) => (roots += asking.roots.length) > roots_max);
  return beyond < 0 ? waiting.length : Math.max(1, beyond);
}

async function readFor(taken: readonly Asking[]): Promise<void> {
  try {
    const found = await taken[0]!.readAll(taken.flatMap(({ roots }) => roots));
    let from = 0;
    for (const { roots, answer } of taken) answer(found.slice(from, (from += roots.length)));
  } catch (error) {
    for (const { fail } of taken) fail(error);
  }
}
