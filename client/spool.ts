/**
 * Events of one run in a file, so that they outlive their process: what `emit` has taken is sent by the next one. For
 * Node. One process at a time.
 *
 * Lines of text, each whole when it ends with LF; the first names the run.
 *
 *     run 0198f0c2-…                       whose events these are
 *     + {"eventId":"0198f0c3-…","type":…}  an event was taken
 *     - 2 5d6e…                            the oldest two are stored; the fence, or nothing
 *
 * A line that a kill cut off was not taken yet. Power may lose what the system has not written: there is no fsync.
 */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { Spool } from './emitter.ts';

export interface SpoolOptions {
  /** The folder must be there. */
  readonly path: string;
  readonly runId: string;
  /** The file is written anew without what is stored once that is so large. Default: 4 MiB. */
  readonly compact_bytes?: number;
}

/** Opens the file, or begins it. Throws when it is another run's, or damaged. */
export function openSpool({ path, runId, compact_bytes = 4_194_304 }: SpoolOptions): Spool {
  let { events, fence } = read(path, runId);
  let file = rewrite(path, runId, events, fence);
  let stored_bytes = 0;
  const write = (line: string) => {
    const { size } = fstatSync(file);
    try {
      writeFileSync(file, `${line}\n`);
    } catch (error) {
      ftruncateSync(file, size); // A disk that is full keeps half a line.
      throw error;
    }
  };

  return {
    load: () => ({ events: [...events], fence }),
    put(event) {
      write(`+ ${event}`);
      events.push(event);
    },
    acknowledge(count, now) {
      fence = now;
      write(`- ${count} ${fence ?? ''}`);
      for (const event of events.splice(0, count)) stored_bytes += event.length;
      if (stored_bytes < compact_bytes) return;
      closeSync(file);
      file = rewrite(path, runId, events, fence);
      stored_bytes = 0;
    },
    close(done) {
      closeSync(file);
      if (done) rmSync(path, { force: true });
      events = [];
    },
  };
}

function read(path: string, runId: string): { events: string[]; fence: string | null } {
  const lines = textOf(path).split('\n').slice(0, -1); // What is behind the last LF was cut off.
  const [first, ...rest] = lines;
  if (first === undefined) return { events: [], fence: null };
  if (first !== `run ${runId}`) throw new Error(`${path} is not the spool of run ${runId}`);
  const events: string[] = [];
  let stored = 0;
  let fence: string | null = null;
  for (const line of rest) {
    const [, count, now] = /^- (\d+) (.*)$/.exec(line) ?? [];
    if (line.startsWith('+ ')) events.push(line.slice(2));
    else if (count === undefined) throw new Error(`${path} is damaged: ${line.slice(0, 100)}`);
    else stored += Number(count);
    fence = now === undefined || now === '' ? fence : now;
  }
  return { events: events.slice(stored), fence };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** Whole beside it first: a kill leaves the one or the other. Answers the file, open to append. */
function rewrite(
  path: string,
  runId: string,
  events: readonly string[],
  fence: string | null,
): number {
  const beside = `${path}.new`;
  rmSync(beside, { force: true });
  const file = openSync(beside, 'a');
  const lines = [`run ${runId}`, `- 0 ${fence ?? ''}`, ...events.map((event) => `+ ${event}`)];
  writeFileSync(file, `${lines.join('\n')}\n`);
  renameSync(beside, path);
  return file;
}
