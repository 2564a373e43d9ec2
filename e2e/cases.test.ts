/**
 * Golden pairs: each e2e/cases/NAME.graphql and its answer in NAME.json, asked of the two samples imported into a fresh
 * database. Ids and cursors are made anew each time: they are written as `…`. UPDATE_CASES=1 writes the answers.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importRecording } from '../resolvers/recordings/import.ts';
import { DATABASES, type TestDatabase } from './kit/database.ts';
import { openGraph, type TestGraph } from './kit/graph.ts';

const CASES = readdirSync('e2e/cases')
  .filter((name) => name.endsWith('.graphql'))
  .map((name) => name.replace('.graphql', ''));
const SAMPLES = readdirSync('e2e/samples').map((name) => `e2e/samples/${name}`);
const MADE = /^(id|uuid|runId|cursor|startCursor|endCursor|eventId)$/;

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
    for (const sample of SAMPLES) await importRecording(graph.ctx(), readFileSync(sample));
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  test.each(CASES)('%s is answered as written', async (name) => {
    const answer = withoutMade(await graph.ask(readFileSync(`e2e/cases/${name}.graphql`, 'utf8')));
    const path = `e2e/cases/${name}.json`;
    if (process.env['UPDATE_CASES']) writeFileSync(path, `${JSON.stringify(answer, null, 2)}\n`);
    expect(answer).toEqual(JSON.parse(readFileSync(path, 'utf8')));
  });
});

function withoutMade(answer: unknown): unknown {
  return JSON.parse(
    JSON.stringify(answer, (key, value: unknown) =>
      MADE.test(key) && typeof value === 'string' ? '…' : value,
    ),
  );
}
