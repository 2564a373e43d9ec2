/** What the page asks for: two lists that are followed by the public client, and how the runs ended that left them. */
import { runList, type Followed, type RunListUpdate } from 'polyphony/client';
import { ACTIVE, isActive, type PageRun } from '../board.ts';
import {
  ACTIVE_MAX,
  ACTIVE_NOW,
  BY_ID,
  COUNTS_NOW,
  ENDED_LATELY,
  SELECTED,
} from '../landing-documents.ts';
import type { StatusCount } from '../run-row.ts';

export type RunsUpdate = Omit<RunListUpdate<PageRun>, 'cursor'>;

/** The runs that go on. */
export const activeRuns = withPages<RunsUpdate>(
  runList<PageRun>({ filter: { status: { in: ACTIVE } }, first: ACTIVE_MAX, select: SELECTED }),
  ACTIVE_NOW,
  (answer) => {
    const { nodes: runs } = (answer as { runs: { nodes: readonly PageRun[] } }).runs;
    return { type: 'SNAPSHOT', reason: null, runs, removed: [], counts: [] };
  },
);

/** How many there are of each status: a list of none of them. */
export const allCounts = withPages<Pick<RunsUpdate, 'counts'>>(
  runList({ first: 0 }),
  COUNTS_NOW,
  (answer) => ({ counts: (answer as { runStats: readonly StatusCount[] }).runStats }),
);

/**
 * What is followed, also where nothing can be pushed: then the whole of it is asked for again and again. Such an item
 * has no cursor: what is pushed later goes on after what was pushed last.
 */
function withPages<Item>(
  { query, variables = {}, field }: Pick<Followed<never>, 'query' | 'variables' | 'field'>,
  pageQuery: string,
  itemOf: (answer: unknown) => Item,
): Followed<Item> {
  const page = (answer: unknown) => ({
    items: [{ item: itemOf(answer), cursor: null }],
    more: false,
    after: null,
  });
  return { query, variables, field, poll: { query: pageQuery, page } };
}

/** At most so many are asked for at once. */
export const IDS_MAX = 100;

/** Those of these runs that have ended. Rejects when the gateway is away. */
export async function endedAmong(url: string, ids: readonly string[]): Promise<readonly PageRun[]> {
  const { nodes } = await ask<{ nodes: readonly (PageRun | null)[] }>(url, BY_ID, { ids });
  return nodes.filter((run) => run !== null && !isActive(run)) as PageRun[];
}

/** The last that ended. Rejects when the gateway is away. */
export async function endedLately(url: string): Promise<readonly PageRun[]> {
  return (await ask<{ runs: { nodes: readonly PageRun[] } }>(url, ENDED_LATELY)).runs.nodes;
}

async function ask<Data>(url: string, query: string, variables = {}): Promise<Data> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data } = (await response.json()) as { readonly data?: Data | null };
  if (!data) throw new Error(`answered ${response.status} without data`);
  return data;
}
