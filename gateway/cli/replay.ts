/** `polyphony replay`: recorded runs, through the public API of a running gateway. */
import { basename } from 'node:path';
import { readRecording } from '../../resolvers/recordings/wfformat.ts';
import { openApi } from './api.ts';
import { forEachFile, readBounded } from './files.ts';
import { openProgress } from './progress.ts';
import type { Speed } from './replay-batches.ts';
import { replayRun } from './replay-run.ts';

export interface ReplayCommand {
  readonly files: readonly string[];
  readonly speed: Speed;
  /** Of the gateway's GraphQL endpoint. */
  readonly url: string;
  /** Files at a time. */
  readonly parallel: number;
  /** Goes on with this run; one file only. */
  readonly resume?: string;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
}

/** A gateway that is restarted is waited for this long. */
const PATIENCE_MS = 120_000;

/** Replays the files; one JSON line per run on stdout, the rest on stderr. Answers the exit code. */
export async function replay(command: ReplayCommand): Promise<number> {
  const { files, speed, url, parallel, resume, signal } = command;
  const progress = openProgress();
  const api = openApi({
    url,
    signal,
    patience_ms: PATIENCE_MS,
    waiting: (reason) => progress.say(`waiting for ${url}: ${reason}`),
  });
  const sent = new Map<string, { events: number; total: number }>();
  return forEachFile(files, parallel, progress, async (file) => {
    const recording = await readRecording(await readBounded(file));
    return replayRun(api, recording, {
      speed,
      signal,
      ...(resume ? { resume } : {}),
      started(runId) {
        progress.say(`${basename(file)}: run ${runId} (goes on with --resume ${runId})`);
      },
      told(events, total) {
        sent.set(file, { events, total });
        const all = [...sent.values()];
        const done = all.reduce((sum, one) => sum + one.events, 0);
        const of = all.reduce((sum, one) => sum + one.total, 0);
        progress.show(
          done,
          of,
          `${sent.size} of ${files.length}: ${basename(file)}, ${events} of ${total} events`,
        );
      },
    });
  });
}
