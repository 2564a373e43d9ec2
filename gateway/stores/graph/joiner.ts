/**
 * Reads of many operations by one statement. An answer is a list, one for each root, so those who ask in the same words
 * for other roots can be answered together: to Neo4j and its driver a statement costs more than what a small walk reads.
 */
import { ROOTS_MAX } from '../../../resolvers/graph/port.ts';

/** Answers for each root, in their order. */
export type ReadAll<Root, Of> = (roots: readonly Root[]) => Promise<readonly Of[]>;

/**
 * The answers for these roots, read together with those that others ask for in the same words, in which must be all that
 * the statement depends on. What fails, fails for all whose roots were in it.
 */
export type Join = <Root, Of>(
  words: string,
  roots: readonly Root[],
  readAll: ReadAll<Root, Of>,
) => Promise<readonly Of[]>;

/**
 * One statement at a time of the same words: who comes meanwhile goes when it ends, or after so long: a slow one holds
 * up nobody, and a server with many cores gets more of them.
 */
const WAIT_ms = 5;

interface Asking {
  readonly roots: readonly unknown[];
  readonly answer: (of: readonly unknown[]) => void;
  readonly fail: (error: unknown) => void;
}

/** Of those who ask in the same words, and so for the same kinds of things. */
interface Lane {
  readonly readAll: ReadAll<unknown, unknown>;
  readonly waiting: Asking[];
  underway: number;
  timer: NodeJS.Timeout | undefined;
}

export function openJoiner(): Join {
  const lanes = new Map<string, Lane>();

  /** As many of those who wait as one statement takes, in the order in which they came. */
  function send(words: string, lane: Lane): void {
    clearTimeout(lane.timer);
    const taken = lane.waiting.splice(0, countWithin(ROOTS_MAX, lane.waiting));
    lane.timer = lane.waiting.length > 0 ? setTimeout(send, WAIT_ms, words, lane) : undefined;
    if (taken.length > 0) {
      lane.underway += 1;
      void readFor(lane, taken).finally(() => {
        lane.underway -= 1;
        send(words, lane);
      });
    } else if (lane.underway === 0) lanes.delete(words);
  }

  return <Root, Of>(words: string, roots: readonly Root[], readAll: ReadAll<Root, Of>) =>
    new Promise<readonly Of[]>((resolve, fail) => {
      const lane = lanes.get(words) ?? newLane(readAll as ReadAll<unknown, unknown>);
      lanes.set(words, lane);
      lane.waiting.push({ roots, answer: resolve as Asking['answer'], fail });
      if (lane.underway === 0) send(words, lane);
      else lane.timer ??= setTimeout(send, WAIT_ms, words, lane);
    });
}

function newLane(readAll: Lane['readAll']): Lane {
  return { readAll, waiting: [], underway: 0, timer: undefined };
}

/** Of those that come first, how many have no more than so many roots together; one at least. */
function countWithin(roots_max: number, waiting: readonly Asking[]): number {
  let roots = 0;
  const beyond = waiting.findIndex((asking) => (roots += asking.roots.length) > roots_max);
  return beyond < 0 ? waiting.length : Math.max(1, beyond);
}

async function readFor({ readAll }: Lane, taken: readonly Asking[]): Promise<void> {
  try {
    const found = await readAll(taken.flatMap(({ roots }) => roots));
    let from = 0;
    for (const { roots, answer } of taken) answer(found.slice(from, (from += roots.length)));
  } catch (error) {
    for (const { fail } of taken) fail(error);
  }
}
