/** The board in the document: the rows of both lists, the counters, and how the page is linked to its gateway. */
import type { FollowState } from 'polyphony/client';
import type { Board, Row } from '../board.ts';
import type { Html } from '../html.ts';
import { runRow, statusCounts, type StatusCount } from '../run-row.ts';
import { morph } from './morph.ts';

export interface View {
  /** Draws with the next frame, however often it is called until then. */
  soon(): void;
  counts(counts: readonly StatusCount[]): void;
  link(state: FollowState): void;
  /** Says it to those who cannot see the rows. */
  tell(words: string): void;
}

/** `now_ms` is the gateway's time. */
export function openView(board: Board, now_ms: () => number): View {
  let due = false;
  const draw = () => {
    due = false;
    const now = now_ms();
    drawRows(element('active'), board.active(now));
    drawRows(element('ended'), board.ended(now));
  };
  return {
    soon() {
      if (due) return;
      due = true;
      requestAnimationFrame(draw);
    },
    counts(counts) {
      morph(element('counts'), made(statusCounts(counts)));
      document.getElementById('missing')?.remove(); // They can be shown again.
    },
    link(state) {
      const link = element('link');
      link.dataset['state'] = state.is;
      link.hidden = false;
      const words = wordsOf(state);
      if (words !== null && link.textContent !== words) link.textContent = words;
    },
    tell: (words) => (element('told').textContent = words),
  };
}

/** Rows keep their elements; the line that says there are none is shown when there are none. */
function drawRows(body: HTMLElement, rows: readonly Row[]): void {
  const there = new Map(
    [...body.querySelectorAll<HTMLElement>('tr[data-run]')].map((row) => [row.dataset['run'], row]),
  );
  let before = body.querySelector<HTMLElement>('tr.none')!;
  before.hidden = rows.length > 0;
  for (const row of rows) {
    const now = made(runRow(row));
    const old = there.get(row.run.id);
    there.delete(row.run.id);
    if (old) morph(old, now);
    const shown = old ?? now;
    if (before.nextElementSibling !== shown) before.after(shown);
    if (!old) appear(shown);
    before = shown;
  }
  for (const gone of there.values()) gone.remove();
}

function appear(row: HTMLElement): void {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  row.animate([{ opacity: 0 }, { opacity: 1 }], 400);
}

const WAYS = {
  websocket: 'WebSocket',
  sse: 'server-sent events',
  poll: 'asking again and again',
} as const;

/** Null when what was said still holds. */
function wordsOf(state: FollowState): string | null {
  if (state.is === 'live') return `live · ${WAYS.websocket}`;
  if (state.is === 'degraded') return `live · ${WAYS[state.how]}`;
  if (state.is === 'waiting') return 'reconnecting…';
  if (state.is === 'ended') return `stopped: ${state.error?.message ?? 'the gateway has no more'}`;
  return null;
}

function made({ html }: Html): HTMLElement {
  const template = document.createElement('template');
  template.innerHTML = html; // Escaped where it was made (html.ts).
  return template.content.firstElementChild as HTMLElement;
}

function element(id: string): HTMLElement {
  return document.getElementById(id)!;
}
