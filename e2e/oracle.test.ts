/** The twenty shared recordings: what the rule gives, and what stands in the log after an import. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importRecording } from '../resolvers/recordings/import.ts';
import { replayEvents } from '../resolvers/recordings/replay-events.ts';
import { readRecording } from '../resolvers/recordings/wfformat.ts';
import { statement } from '../resolvers/sql.ts';
import { DATABASES, type TestDatabase } from './kit/database.ts';
import { EXPECTED, oracleHash, recordingPath, WHY_SKIPPED, type Told } from './kit/oracle.ts';
import { contextOver } from './kit/world.ts';

const LOG = statement<Told>(
  'test.log',
  `SELECT seq, type, step_key AS "stepKey", occurred_at AS "occurredAt" FROM run_event
   WHERE run_id = $1 AND seq > 1 ORDER BY seq`,
);

describe.skipIf(EXPECTED.length === 0)(`the shared recordings${WHY_SKIPPED}`, () => {
  test('there are twenty of them', () => {
    expect(EXPECTED).toHaveLength(20);
  });

  test.each(EXPECTED)('the rule makes the events of $file', async ({ file, ...oracle }) => {
    const recording = await readRecording(await readFile(recordingPath(file)));
    const events = replayEvents(recording, '00000000-0000-7000-8000-000000000001');
    expect(recording.startedAt.toISOString()).toBe(oracle.start);
    expect(events).toHaveLength(oracle.events);
    const numbered = events.map((event, number) => ({
      ...event,
      stepKey: event.stepKey ?? null,
      seq: number + 2,
    }));
    expect(oracleHash(numbered)).toBe(oracle.sha256);
  });

  describe.each(DATABASES)('$name', ({ name, open }) => {
    let base: TestDatabase;
    beforeAll(async () => {
      base = await open();
    });
    afterAll(() => base.close());

    test.each(EXPECTED)('the log of $file reads back as the oracle says', async (oracle) => {
      const { file, start, events, sha256 } = oracle;
      const bytes = await readFile(recordingPath(file));
      const began_ms = performance.now();
      const imported = await importRecording(contextOver(base), bytes);
      const took_ms = Math.round(performance.now() - began_ms);
      if (events > 4_000)
        console.log(`import of ${file} (${name}): ${took_ms} ms, ${events} events`);

      expect(imported).toMatchObject({ created: true, events: events + 1 });
      const log = await base.sql.query(LOG, [imported.runId]);
      expect(log).toHaveLength(events);
      expect(log[0]?.occurredAt.toISOString()).toBe(start);
      expect(oracleHash(log)).toBe(sha256);
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
