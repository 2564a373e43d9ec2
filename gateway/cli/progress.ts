/** How far a long command is, on one line of a terminal. Elsewhere nothing: scripts read stdout. */

export interface Progress {
  /** `done` of `total`, with a few words. Drawn at most ten times a second. */
  show(done: number, total: number, words: string): void;
  /** A line of its own, above the bar. */
  say(line: string): void;
  /** Takes the bar away. */
  end(): void;
}

const WIDTH = 30;
const REDRAW_MS = 100;

/** Draws on a terminal; `say` prints everywhere. */
export function openProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  let drawn_ms = -Infinity;
  let bar = '';
  const clear = () => {
    if (bar) stream.write('\r\u001B[K');
  };
  return {
    show(done, total, words) {
      if (!stream.isTTY || (performance.now() - drawn_ms < REDRAW_MS && done < total)) return;
      drawn_ms = performance.now();
      clear();
      bar = barOf(done, total, words).slice(0, Math.max(1, stream.columns - 1));
      stream.write(bar);
    },
    say(line) {
      clear();
      stream.write(`${line}\n${bar}`);
    },
    end() {
      clear();
      bar = '';
    },
  };
}

/** `[███░░] 60 % words` */
export function barOf(done: number, total: number, words: string): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const full = Math.round(share * WIDTH);
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `[${'█'.repeat(full)}${'░'.repeat(WIDTH - full)}] ${percent} % ${words}`;
}
