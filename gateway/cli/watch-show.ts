/** The three faces of `polyphony watch`: a table on a terminal, lines for logs, JSON for programs. */
import type { FollowState } from '../../client/client.ts';
import { openRunView, type WatchedUpdate } from './run-view.ts';

export interface Show {
  item(update: WatchedUpdate): void;
  /** The link to the gateway changed. */
  link(state: FollowState): void;
  end(): void;
}

/** What is written to. */
export type Out = Pick<NodeJS.WriteStream, 'write'> &
  Partial<Pick<NodeJS.WriteStream, 'columns' | 'rows'>>;

/** One line of JSON per item. */
export function jsonShow(out: Out, log: Out): Show {
  return {
    item: (update) => void out.write(`${JSON.stringify(update)}\n`),
    link: (state) => linkLine(log, state),
    end: () => undefined,
  };
}

/** One line for each status that became another. */
export function plainShow(out: Out, log: Out, now: () => Date = () => new Date()): Show {
  const view = openRunView();
  let status = '';
  return {
    item(update) {
      const at = now();
      const changed = view.apply(update, at.getTime());
      const time = at.toISOString().slice(11, 19);
      for (const step of changed) {
        if (step.status !== 'PENDING') out.write(`${time}  ${step.stepKey}  ${step.status}\n`);
      }
      const { run } = update;
      if (run.status === status) return;
      ({ status } = run);
      const done = `${run.stepsDone} of ${run.stepsTotal} steps`;
      out.write(`${time}  ${run.workflow?.name ?? 'run'}  ${status}  ${done}\n`);
    },
    link: (state) => linkLine(log, state),
    end: () => undefined,
  };
}

const REDRAW_MS = 100;
/** Running times go on also when nothing happens. */
const TICK_MS = 1_000;
const SIZE = { columns: 80, rows: 24 };

/** A table that is drawn over itself, at most ten times a second. */
export function tableShow(out: Out, now: () => number = Date.now): Show {
  const view = openRunView();
  let notice: string | undefined;
  let drawn = 0;
  let due: NodeJS.Timeout | undefined;

  const draw = () => {
    clearTimeout(due);
    due = undefined;
    const { columns = SIZE.columns, rows = SIZE.rows } = out;
    const lines = view.lines({ columns, rows }, now(), notice);
    const up = drawn > 0 ? `\u001B[${drawn}A` : '';
    out.write(`${up}\r\u001B[J${lines.join('\n')}\n`);
    drawn = lines.length;
  };
  const soon = () => void (due ??= setTimeout(draw, REDRAW_MS));
  const tick = setInterval(soon, TICK_MS);
  return {
    item(update) {
      view.apply(update, now());
      soon();
    },
    link(state) {
      notice = wordsOf(state);
      soon();
    },
    end() {
      clearInterval(tick);
      draw(); // The last state stays on the screen.
    },
  };
}

function linkLine(log: Out, state: FollowState): void {
  const words = wordsOf(state);
  if (words !== undefined && state.is !== 'connecting') log.write(`${words}\n`);
}

function wordsOf(state: FollowState): string | undefined {
  if (state.is === 'connecting') return 'connecting …';
  if (state.is === 'waiting') return `waiting for the gateway: ${state.reason}`;
  return undefined;
}
