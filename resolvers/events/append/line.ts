/**
 * The order in which calls are flushed. Normally their own; but the calls of a run that others keep locked leave the
 * line, and its later calls are held behind them. FIFO per run, whatever happens to other runs.
 */

/** A call in line. */
export interface InLine {
  readonly runId: string;
  readonly events: number;
  readonly bytes: number;
  /** Flushes that found its run locked. */
  skips: number;
}

export interface FlushLimits {
  readonly flush_events_max: number;
  /** UTF-8 bytes of payloads. */
  readonly flush_bytes_max: number;
}

export interface Line<Item extends InLine> {
  push(item: Item): void;
  /** The next calls that fit into a flush, at least one if any can go. O(line). */
  take(): Item[];
  /** Back to the head of the line, in order; returns the lists, one per run, of those that are to go alone. */
  giveBack(skipped: readonly Item[]): Item[][];
  /** The calls of the run that went alone are settled: what was held behind them comes next. */
  release(runId: string): void;
}

/** After so many flushes that found its run locked, a call no longer waits in line. */
const SKIPS_MAX = 2;

export function makeLine<Item extends InLine>(limits: FlushLimits): Line<Item> {
  let line: Item[] = [];
  /** Run → its calls behind those that are alone. */
  const held = new Map<string, Item[]>();
  return {
    push: (item) => void line.push(item),
    take() {
      const taken: Item[] = [];
      let events = 0;
      let bytes = 0;
      let at = 0;
      for (; at < line.length; at += 1) {
        const item = line[at]!;
        const behind = held.get(item.runId);
        if (behind) {
          behind.push(item);
          continue;
        }
        events += item.events;
        bytes += item.bytes;
        const full = events > limits.flush_events_max || bytes > limits.flush_bytes_max;
        if (full && taken.length > 0) break;
        taken.push(item);
      }
      line = line.slice(at);
      return taken;
    },
    giveBack(skipped) {
      const alone: Item[][] = [];
      for (const item of skipped) item.skips += 1;
      for (const { runId, skips } of skipped) {
        if (skips < SKIPS_MAX || held.has(runId)) continue;
        held.set(runId, []);
        alone.push(skipped.filter((other) => other.runId === runId));
      }
      line.unshift(...skipped.filter(({ runId }) => !held.has(runId)));
      return alone;
    },
    release(runId) {
      line.unshift(...(held.get(runId) ?? []));
      held.delete(runId);
    },
  };
}
