/** The newest runs that match a filter, with counters by status, ready to be followed. docs/PROTOCOL.md shows it as messages. */
import { operation, textOf, type Operation } from './operation.ts';
import type { Followed } from './transport.ts';

/** A run of a list, as `runList` asks for it unless told otherwise. */
export interface ListedRun {
  /** Opaque, as the gateway's other fields take it. */
  readonly id: string;
  readonly uuid: string;
  /** Grows by 1 with each event of the run. */
  readonly version: number;
  readonly status: string;
  readonly statusName: string | null;
  readonly stepsTotal: number;
  readonly stepsDone: number;
  readonly stepsFailed: number;
  readonly stepsRunning: number;
  /** ISO 8601, as all times. */
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly workflow: { readonly name: string } | null;
}

/** What every selection of a run must hold: what the list is kept and sorted by. */
export type SelectedRun = Pick<ListedRun, 'id' | 'uuid' | 'version' | 'createdAt'>;

/** An item of a list; `mergeRunList` makes a list of it. */
export interface RunListUpdate<Run extends SelectedRun = ListedRun> {
  /** SNAPSHOT replaces all that the caller has of the list. */
  readonly type: 'SNAPSHOT' | 'CHANGE';
  /** Why the caller is told to start over; null for a first snapshot and for changes. */
  readonly reason: string | null;
  readonly cursor: string;
  /** The whole list, or those that came into it or changed. Newest first. */
  readonly runs: readonly Run[];
  /** Ids of those that are not in it; the caller may never have had some of them. */
  readonly removed: readonly string[];
  /** Of all that match, also behind the list. A status that is not named has none. */
  readonly counts: readonly { readonly status: string; readonly count: number }[];
}

export interface RunListOptions {
  /** A RunFilter, as the query `runs` takes it. */
  readonly filter?: object | null;
  /** Size of the list: 0 (counters only) to 100. Default: 20. */
  readonly first?: number;
  /** Cursor of the last item that the caller has, of the same filter and size. */
  readonly after?: string | null;
  /** Fields of a run in GraphQL, besides `id uuid version createdAt`. */
  readonly select?: string;
}

const LIST: Operation<{ runs: RunListUpdate }, never> =
  operation(`subscription RunList($filter: RunFilter, $first: Int, $after: Cursor) {
  runs(filter: $filter, first: $first, after: $after) {
    type reason cursor removed counts { status count }
    runs {
      id uuid version createdAt
      ... on Run { status statusName stepsTotal stepsDone stepsFailed stepsRunning startedAt finishedAt workflow { name } }
    }
  }
}`);

/** The newest runs that match, then how they change. Passes by WebSocket and server-sent events. */
export function runList<Run extends SelectedRun = ListedRun>({
  filter = null,
  first = 20,
  after = null,
  select,
}: RunListOptions = {}): Followed<RunListUpdate<Run>> {
  return {
    query: textOf(LIST, { Run: select }),
    variables: { filter, first },
    field: 'runs',
    after,
  };
}

/**
 * The list after an item, newest run first. Of a run that is there already the higher version stays, so a page never
 * goes backwards; a snapshot counts as it is.
 */
export function mergeRunList<Run extends SelectedRun>(
  before: readonly Run[],
  { type, runs, removed }: Pick<RunListUpdate<Run>, 'type' | 'runs' | 'removed'>,
): readonly Run[] {
  if (type === 'SNAPSHOT') return runs;
  const list = new Map(before.map((run) => [run.id, run]));
  for (const id of removed) list.delete(id);
  for (const run of runs) {
    if (run.version >= (list.get(run.id)?.version ?? 0)) list.set(run.id, run);
  }
  return [...list.values()].toSorted(newestFirst);
}

/** As the gateway orders them: by time, then by uuid. */
function newestFirst(a: SelectedRun, b: SelectedRun): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1;
  return a.uuid < b.uuid ? 1 : -1;
}
