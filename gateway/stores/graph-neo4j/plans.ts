/**
 * Which texts a server has planned. The first run of a text plans it, which takes a tenth of a second to several, and a
 * plan that is not done within the timeout of its transaction is lost: under the deadline of reads each of them could
 * begin it anew, and none end it. So texts are planned beside the reads, one after the other, for as long as it takes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Unavailable } from '../../../resolvers/errors.ts';
import type { Cypher } from './client.ts';

export interface Plans {
  /**
   * Whether it is planned, or is so within `wait_ms`; begins to plan it where it is not. Throws Unavailable where the
   * server is away.
   */
  has(statement: Cypher<unknown>, wait_ms: number): Promise<boolean>;
  /** The server may have lost the plan of this text; null: of all. */
  forget(text: string | null): void;
}

/** `plan` makes the server plan a text, as its run would; it throws Unavailable, or what is wrong with the text. */
export function openPlans(plan: (statement: Cypher<unknown>) => Promise<unknown>): Plans {
  /** Texts; all of them are constants of ours. */
  const planned = new Set<string>();
  const underWay = new Map<string, Promise<void>>();
  let last: Promise<unknown> = Promise.resolve();

  async function planAfter(before: Promise<unknown>, statement: Cypher<unknown>): Promise<void> {
    await before;
    try {
      await plan(statement);
      planned.add(statement.text);
    } catch (error) {
      if (error instanceof Unavailable) throw error;
      planned.add(statement.text); // Its run says what is wrong with it.
    } finally {
      underWay.delete(statement.text);
    }
  }

  function begin(statement: Cypher<unknown>): Promise<void> {
    const begun = planAfter(last, statement);
    underWay.set(statement.text, begun);
    last = begun.catch(() => undefined);
    return begun;
  }

  return {
    async has(statement, wait_ms) {
      const { text } = statement;
      if (planned.has(text)) return true;
      const ended = new AbortController();
      const late = sleep(wait_ms, false, { signal: ended.signal }).catch(() => false);
      try {
        const begun = underWay.get(text) ?? begin(statement);
        return await Promise.race([begun.then(() => true), late]);
      } finally {
        ended.abort();
      }
    },
    forget(text) {
      if (text === null) planned.clear();
      else planned.delete(text);
    },
  };
}
