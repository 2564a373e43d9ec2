/** The twenty shared recordings and what must come out of them. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DATA } from './shared-data.ts';

const FOLDER = join(DATA, 'wfinstances');
const ORACLE = join(FOLDER, 'events-oracle.tsv');

/** One line of the oracle. */
export interface Expected {
  readonly file: string;
  /** UTC, `2020-04-03T15:42:35.000Z`. */
  readonly start: string;
  /** Without RUN_QUEUED. */
  readonly events: number;
  readonly sha256: string;
}

/** What every file must become; empty when they are not here. */
export const EXPECTED: readonly Expected[] = existsSync(ORACLE)
  ? (await readFile(ORACLE, 'utf8'))
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t') as [string, string, string, string, string, string, string])
      .map(([file, start, , , events, , sha256]) => ({
        file,
        start: start.replace('Z', '.000Z'),
        events: Number(events),
        sha256,
      }))
  : [];

/** For the title of what is skipped; empty when the files are here. */
export const WHY_SKIPPED =
  EXPECTED.length > 0 ? '' : ` (skipped: no ${ORACLE}; set POLYPHONY_DATA)`;

/** Where a recording lies. */
export function recordingPath(file: string): string {
  return join(FOLDER, file);
}

/** An event of a log, however it was read. */
export interface Told {
  readonly seq: number;
  readonly type: string;
  readonly stepKey: string | null;
  readonly occurredAt: Date;
}

/** Hash of the oracle's lines from a log without RUN_QUEUED: seq from 0, time since RUN_STARTED, its own words. */
export function oracleHash(events: readonly Told[]): string {
  const start_ms = events[0]?.occurredAt.getTime() ?? 0;
  const hash = createHash('sha256');
  for (const { seq, type, stepKey, occurredAt } of events) {
    const word = type.replace('SUCCEEDED', 'FINISHED');
    hash.update(`${seq - 2}\t${occurredAt.getTime() - start_ms}\t${word}\t${stepKey ?? ''}\n`);
  }
  return hash.digest('hex');
}
