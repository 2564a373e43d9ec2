/**
 * Keeps the landing page live, by the public client as any page would use it. What the page shows stays while the
 * gateway is away; the client comes again by itself and goes on after what it has.
 */
import { openClient } from 'polyphony/client';
import { isActive, openBoard, type PageRun } from '../board.ts';
import { ENDED_MAX } from '../landing-documents.ts';
import { nameOf, statusWords } from '../run-row.ts';
import {
  activeRuns,
  allCounts,
  endedAmong,
  endedLately,
  IDS_MAX,
  type RunsUpdate,
} from './run-lists.ts';
import { openView } from './view.ts';

const LINGER_ms = 6_000;
const TICK_ms = 1_000;
const BACKOFF_MAX_ms = 5_000;
/** A gateway that refused is asked anew after this. */
const REFUSED_WAIT_ms = 10_000;

const url = new URL('/graphql', location.href).href;
const known = JSON.parse(document.getElementById('known')!.textContent) as {
  /** The gateway's time when it sent the page. */
  readonly now_ms: number;
  readonly runs: readonly PageRun[];
  /** False when the store was away. */
  readonly whole: boolean;
};
const ahead_ms = known.now_ms - Date.now();
const now_ms = () => Date.now() + ahead_ms;

let stale = !known.whole;
let endedCount: number | null = null;

const board = openBoard({ linger_ms: LINGER_ms, ended_max: ENDED_MAX });
const view = openView(board, now_ms);
const client = openClient({ url, backoff_max_ms: BACKOFF_MAX_ms });

board.see(known.runs, now_ms());
follow();
// Times go on and rows move on also when nothing happens.
setInterval(() => {
  view.soon();
  void settle();
  void showEnded();
}, TICK_ms);

function follow(): void {
  const runs = client.follow(activeRuns, { item: take, state: (state) => view.link(state) });
  const counts = client.follow(allCounts, { item: count });
  const again = () => {
    runs.stop();
    counts.stop();
    return setTimeout(follow, REFUSED_WAIT_ms);
  };
  void Promise.race([runs.ended, counts.ended]).then(again);
}

function take({ type, reason, runs, removed }: RunsUpdate): void {
  if (reason !== null) startOver();
  if (type === 'SNAPSHOT') {
    const there = new Set(runs.map(({ id }) => id));
    board.leave(board.running().filter((id) => !there.has(id)));
  }
  board.leave(removed);
  tell(board.see(runs, now_ms()));
  view.soon();
  void settle();
}

/** The database may have been restored: what was shown may never have been. */
function startOver(): void {
  board.forget();
  stale = true;
  void showEnded();
}

/** A run may begin and end between two looks: then only the counters tell. */
function count({ counts }: Pick<RunsUpdate, 'counts'>): void {
  view.counts(counts);
  const ended = counts.filter((each) => !isActive(each));
  const sum = ended.reduce((total, each) => total + each.count, 0);
  stale ||= sum !== endedCount;
  endedCount = sum;
  void showEnded();
}

/** Where the gateway is away, the next tick asks again; so below. */
async function showEnded(): Promise<void> {
  if (!stale) return;
  stale = false;
  try {
    tell(board.see(await endedLately(url), now_ms()));
    view.soon();
  } catch {
    stale = true;
  }
}

let settling = false;

/** Asks how those ended that left the list; until it is known they stay as they are. */
async function settle(): Promise<void> {
  const ids = board.unsettled().slice(0, IDS_MAX);
  if (settling || ids.length === 0) return;
  settling = true;
  try {
    tell(board.see(await endedAmong(url, ids), now_ms()));
    const still = new Set(board.unsettled());
    board.drop(ids.filter((id) => still.has(id))); // Not there any more, or beyond the list.
    view.soon();
  } catch {
    // Away.
  } finally {
    settling = false;
  }
}

function tell(ended: readonly PageRun[]): void {
  if (ended.length === 0) return;
  view.tell(ended.map((run) => `${nameOf(run)}: ${statusWords(run.status)}`).join(', '));
}
