/**
 * One execution per change, not per subscriber. Followers of the same thing are handed the same item objects
 * (resolvers/live/); those that ask the same of an item, within the same scope of policy, wait for one execution and
 * are sent one text. Nothing is joined or left: who comes first executes, and each keeps its own place and pace.
 *
 * A shared execution has nobody's signal and nobody's identity: it knows the scope, and reading more of the viewer
 * throws, discards it, and marks the document: from then on each subscriber has executions of its own.
 */
import { randomUUID } from 'node:crypto';
import type { DocumentNode } from 'graphql';
import type { LiveCtx } from '../../resolvers/context.ts';
import { anyViewerOf, scopeOf } from '../../resolvers/policy.ts';
import type { Report } from '../errors.ts';
import { told, type Answering, type Asker } from './answer.ts';
import { itemDocuments, type ItemDocument } from './item-document.ts';
import { executeToText, type Written } from './levels/execute.ts';
import { cursorOf, streamed, type Streamed } from './streamed.ts';

/** One subscription, as its items are executed. */
export interface Follower {
  readonly document: DocumentNode;
  readonly operationName: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
  /** A new context of this subscriber alone. */
  readonly context: () => LiveCtx;
  readonly report: Report;
}

export interface SharingCounts {
  /** Executions of items, shared or not. */
  readonly executions: number;
  /** Items that were sent what another subscriber's execution had made. */
  readonly shared: number;
}

export interface Sharing {
  /**
   * Begins to follow; the answer makes the result of each item. A result is as new as the item, and never older than
   * the follower: what was executed before it came, it executes again. Each execution has a context of its own.
   */
  follow(follower: Follower): (item: unknown) => Promise<Streamed> | Streamed;
  counts(): SharingCounts;
}

export interface SharingLimits {
  /** Results kept for those who come to the same item. */
  readonly results_max: number;
  /** Their texts together. */
  readonly characters_max: number;
}

/** Followers at the head stand a few items apart; those who are behind have pages of their own anyway. */
const LIMITS: SharingLimits = { results_max: 2_000, characters_max: 8_000_000 };

interface Shared {
  /** Executions that began before it. */
  readonly began: number;
  /** Null when it asked who the viewer is. */
  readonly made: Promise<Streamed | null>;
  /** What it made, once it did and nothing failed. */
  result: Streamed | null;
}

type Results = Map<string, Shared>;

/** Nothing executed yet. `limits` bound what is kept for others; who comes too late executes for itself. */
export function openSharing(
  { schema, contextOf, reportOf }: Pick<Answering, 'schema' | 'contextOf' | 'reportOf'>,
  limits: SharingLimits = LIMITS,
): Sharing {
  const itemDocumentOf = itemDocuments(schema);
  const resultsOf = new WeakMap<object, Results>();
  const keep = keeping(limits);
  const untilTheEnd = new AbortController().signal;
  let executions = 0;
  let shared = 0;

  const executed = async (
    { prepared }: ItemDocument,
    { variables }: Follower,
    rootValue: unknown,
    contextValue: LiveCtx,
  ): Promise<Written> => {
    executions += 1;
    return executeToText(prepared, { rootValue, contextValue, variables });
  };

  const forOne = async (plan: ItemDocument, follower: Follower, item: unknown) => {
    const result = await executed(plan, follower, item, follower.context());
    return streamed(told(result, follower.report), cursorOf(item));
  };

  /** An error is reported once, under a request id of its own; all are told the same id of the report. */
  const forAll = async (plan: ItemDocument, follower: Follower, item: unknown, own: LiveCtx) => {
    const requestId = randomUUID();
    const asker: Asker = { requestId, signal: untilTheEnd, mayMutate: false, truthOnly: true };
    const viewer = anyViewerOf(own.viewer, () => {
      plan.personal = true;
    });
    const context = { ...contextOf(asker, untilTheEnd), viewer };
    const result = await executed(plan, follower, item, context);
    if (plan.personal) return null;
    return streamed(told(result, reportOf(requestId)), cursorOf(item));
  };

  return {
    follow(follower) {
      const plan = itemDocumentOf(follower.document, follower.operationName);
      const own = follower.context();
      const key = `${scopeOf(own.viewer)}\n${plan.keyOf(follower.variables)}`;
      const came = executions;
      const made = async (item: object, results: Results): Promise<Streamed> => {
        let there = results.get(key);
        if (there && there.began >= came) shared += 1;
        else {
          const began = executions;
          there = { began, made: forAll(plan, follower, item, own), result: null };
          keep(results, key, there);
        }
        return (await there.made) ?? forOne(plan, follower, item);
      };
      return (item) => {
        if (plan.personal || typeof item !== 'object' || item === null) {
          return forOne(plan, follower, item);
        }
        let results = resultsOf.get(item);
        if (!results) resultsOf.set(item, (results = new Map()));
        const there = results.get(key);
        if (!there?.result || there.began < came) return made(item, results);
        shared += 1;
        return there.result;
      };
    },
    counts: () => ({ executions, shared }),
  };
}

/** Keeps results within the limits, the oldest going first; failed ones only for those who wait already. */
function keeping({ results_max, characters_max }: SharingLimits) {
  const kept = new Map<Shared, { readonly forget: () => void; characters: number }>();
  let characters = 0;

  function drop(one: Shared): void {
    const there = kept.get(one);
    if (!there) return;
    kept.delete(one);
    characters -= there.characters;
    there.forget();
  }

  function fit(): void {
    while (kept.size > results_max || characters > characters_max) {
      drop(kept.keys().next().value!);
    }
  }

  return (results: Results, key: string, one: Shared): void => {
    const earlier = results.get(key);
    if (earlier) drop(earlier);
    results.set(key, one);
    const forget = () => {
      if (results.get(key) === one) results.delete(key);
    };
    kept.set(one, { forget, characters: 0 });
    const made = (result: Streamed | null) => {
      const there = kept.get(one);
      if (!there) return;
      if (result === null || result.failed) return drop(one);
      one.result = result;
      there.characters = result.text.length;
      characters += there.characters;
      fit();
    };
    void one.made.then(made, () => drop(one));
    fit();
  };
}
