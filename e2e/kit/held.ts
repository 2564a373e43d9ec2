/** What this process holds for others: so that a test can say that it is as before. */
import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface SignalWatch {
  /**
   * Listeners on signals made since then that are still held and have not aborted: each of them holds what it listens
   * for.
   */
  listeners(): number;
  stop(): void;
}

/** From now on every signal of this process is known. Before what is watched begins. */
export function watchSignals(): SignalWatch {
  const Original = globalThis.AbortController;
  const made = new Set<WeakRef<AbortSignal>>();
  globalThis.AbortController = class extends Original {
    constructor() {
      super();
      made.add(new WeakRef(this.signal));
    }
  };
  return {
    listeners() {
      collectGarbage();
      let count = 0;
      for (const ref of made) {
        const signal = ref.deref();
        if (!signal || signal.aborted) made.delete(ref);
        else count += getEventListeners(signal, 'abort').length;
      }
      return count;
    },
    stop: () => void (globalThis.AbortController = Original),
  };
}

/** Timers that keep the process alive. */
export function timers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}

/** Warnings of the process from now on, such as of too many listeners. */
export function watchWarnings(): { readonly seen: readonly string[]; stop(): void } {
  const seen: string[] = [];
  const note = ({ name, message }: Error) => void seen.push(`${name}: ${message}`);
  process.on('warning', note);
  return { seen, stop: () => void process.off('warning', note) };
}

/** Of this process, once its garbage is gone. */
export function heapUsed_bytes(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
