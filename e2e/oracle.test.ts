/**
 * The twenty shared recordings against `events-oracle.tsv` beside them: what the rule gives, and what stands in the
 * log after an import. They are not in git: POLYPHONY_DATA or ../shared/data holds them, or this is skipped.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importRecording } from '../resolvers/recordings/import.ts';
import { replayEvents } from '../resolvers/recordings/replay-events.ts';
import { readRecording } from '../resolvers/recordings/wfformat.ts';
import { statement } from '../resolvers/sql.ts';
import { DATABASES, type TestDatabase } from './kit/database.ts';
import { contextOver } from './kit/world.ts';

const DATA =
  process.env['POLYPHONY_DATA'] ?? fileURLToPath(new URL('../../shared/data', import.meta.url));
const FOLDER = join(DATA, 'wfinstances');
const ORACLE = join(FOLDER, 'events-oracle.tsv');
const present = existsSync(ORACLE);

const expected = present
  ? (await readFile(ORACLE, 'utf8'))
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t') as [string, string, string, string, string, string, string])
      .map(([file, start, , , events, , sha256]) => ({
        file,
        start,
        events: Number(events),
        sha256,
      }))
  : [];

interface Told {
  readonly seq: number;
  readonly type: string;
  readonly stepKey: string | null;
  readonly occurredAt: Date;
}

/** Hash of the oracle's lines: seq from 0, time since RUN_STARTED, its own words for the ends. */
function hashOf(events: readonly Told[]): string {
  const start_ms = events[0]?.occurredAt.getTime() ?? 0;
  const hash = createHash('sha256');
  for (const { seq, type, stepKey, occurredAt } of events) {
    const word = type.replace('SUCCEEDED', 'FINISHED');
    hash.update(`${seq - 2}\t${occurredAt.getTime() - start_ms}\t${word}\t${stepKey ?? ''}\n`);
  }
  return hash.digest('hex');
}

const LOG = statement<Told>(
  'test.log',
  `SELECT seq, type, step_key AS "stepKey", occurred_at AS "occurredAt" FROM run_event
   WHERE run_id = $1 AND seq > 1 ORDER BY seq`,
);

const why = present ? '' : ` (skipped: no ${ORACLE}; set POLYPHONY_DATA)`;

describe.skipIf(!present)(`the shared recordings${why}`, () => {
  test('there are twenty of them', () => {
    expect(expected).toHaveLength(20);
  });

  test.each(expected)('the rule makes the events of $file', async ({ file, ...oracle }) => {
    const recording = await readRecording(await readFile(join(FOLDER, file)));
    const events = replayEvents(recording, '00000000-0000-7000-8000-000000000001');
    expect(recording.startedAt.toISOString()).toBe(oracle.start.replace('Z', '.000Z'));
    expect(events).toHaveLength(oracle.events);
    const numbered = events.map((event, number) => ({
      ...event,
      stepKey: event.stepKey ?? null,
      seq: number + 2,
    }));
    expect(hashOf(numbered)).toBe(oracle.sha256);
  });

  describe.each(DATABASES)('$name', ({ name, open }) => {
    let base: TestDatabase;
    beforeAll(async () => {
      base = await open();
    });
    afterAll(() => base.close());

    test.each(expected)('the log of $file reads back as the oracle says', async (oracle) => {
      const { file, start, events, sha256 } = oracle;
      const bytes = await readFile(join(FOLDER, file));
      const began_ms = performance.now();
      const imported = await importRecording(contextOver(base), bytes);
      const took_ms = Math.round(performance.now() - began_ms);
      if (events > 4_000)
        console.log(`import of ${file} (${name}): ${took_ms} ms, ${events} events`);

      expect(imported).toMatchObject({ created: true, events: events + 1 });
      const log = await base.sql.query(LOG, [imported.runId]);
      expect(log).toHaveLength(events);
      expect(log[0]?.occurredAt.toISOString()).toBe(start.replace('Z', '.000Z'));
      expect(hashOf(log)).toBe(sha256);
      expect(await importRecording(contextOver(base), bytes)).toEqual({
        ...imported,
        created: false,
      });
    });

    test('runs of one graph are runs of one workflow: 17 workflows, a version each', async () => {
      expect(await base.db.run.count({ where: { status: 'SUCCEEDED' } })).toBe(20);
      expect(await base.db.workflow.count()).toBe(17);
      expect(await base.db.workflowVersion.count()).toBe(17);
    });
  });
});
