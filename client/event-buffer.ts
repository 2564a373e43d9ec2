/** Events that wait to be stored, as texts, in order; bounded by count and bytes. */

export interface BufferLimits {
  readonly buffer_events_max: number;
  readonly buffer_bytes_max: number;
}

/** An event as it is sent, with its size in UTF-8. */
export interface Entry {
  readonly text: string;
  readonly bytes: number;
}

export interface Waiting {
  count(): number;
  bytes(): number;
  /** One more, measured; null when it does not fit now. Throws on an event that never would. */
  fit(text: string): Entry | null;
  put(entry: Entry): void;
  /** The oldest ones, so many and so large at most; at least one. They stay until they are dropped. */
  batch(events_max: number, bytes_max: number): readonly string[];
  /** The oldest `count` are done. */
  drop(count: number): void;
  /** Resolves when nothing waits, or `wake` is called. */
  empty(): Promise<void>;
  /** Lets go of who waits for it to be empty. */
  wake(): void;
}

/** Begins with these, of an earlier process: they are taken also where they are more than the limits. */
export function openBuffer(
  { buffer_events_max, buffer_bytes_max }: BufferLimits,
  first: readonly string[],
): Waiting {
  let entries: Entry[] = first.map((text) => ({ text, bytes: bytesOf(text) }));
  /** Entries before it are dropped already; so dropping costs nothing per call. */
  let from = 0;
  let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  const waiting = new Set<() => void>();

  const count = () => entries.length - from;
  const wake = () => {
    for (const done of waiting) done();
    waiting.clear();
  };
  return {
    count,
    bytes: () => bytes,
    fit(text) {
      const more = bytesOf(text);
      if (more > buffer_bytes_max) {
        throw new RangeError(`an event may have at most ${buffer_bytes_max} bytes, got ${more}`);
      }
      const fits = count() < buffer_events_max && bytes + more <= buffer_bytes_max;
      return fits ? { text, bytes: more } : null;
    },
    put(entry) {
      entries.push(entry);
      bytes += entry.bytes;
    },
    batch(events_max, bytes_max) {
      let sum = 0;
      let end = from;
      for (; end < entries.length && end - from < events_max; end++) {
        sum += entries[end]!.bytes;
        if (end > from && sum > bytes_max) break;
      }
      return entries.slice(from, end).map(({ text }) => text);
    },
    drop(dropped) {
      for (const entry of entries.slice(from, from + dropped)) bytes -= entry.bytes;
      from += dropped;
      if (from > entries.length / 2) {
        entries = entries.slice(from);
        from = 0;
      }
      if (count() === 0) wake();
    },
    empty() {
      if (count() === 0) return Promise.resolve();
      return new Promise((done) => void waiting.add(done));
    },
    wake,
  };
}

const ENCODER = new TextEncoder();

function bytesOf(text: string): number {
  return ENCODER.encode(text).length;
}
