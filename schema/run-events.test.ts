import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandsOver, event, type RunAnswer } from '../e2e/kit/commands.ts';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { codesOf, openGraph, type TestGraph } from '../e2e/kit/graph.ts';
import { otherViewer } from '../e2e/kit/world.ts';
import { newId } from '../resolvers/keys.ts';
import { statement } from '../resolvers/sql.ts';

const EVENTS = `query ($runId: ID!, $after: Cursor, $first: Int) { runEvents(runId: $runId, after: $after, first: $first) {
  nodes { seq type occurredAt stepKey cursor eventId } edges { cursor }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }`;

interface Page {
  runEvents: {
    nodes: {
      seq: number;
      type: string;
      occurredAt: string;
      stepKey: string | null;
      cursor: string;
    }[];
    edges: { cursor: string }[];
    pageInfo: {
      hasNextPage: boolean;
      hasPreviousPage: boolean;
      startCursor: string | null;
      endCursor: string | null;
    };
    totalCount: number;
  };
}

describe.each(DATABASES)('the log of a run ($name)', ({ open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  let run: RunAnswer;
  let other: RunAnswer;
  const LOG_LENGTH = 1_105;
  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
    const commands = commandsOver(graph);
    run = await commands.start();
    other = await commands.start();
    const { fence } = await commands.append(run.id, [
      event('RUN_STARTED'),
      event('STEP_STARTED', 'a'),
    ]);
    const said = (count: number) =>
      Array.from({ length: count }, (_, line) =>
        event('LOG_APPENDED', null, { lines: [`${line}`] }),
      );
    await commands.append(run.id, said(1_000), fence);
    await commands.append(run.id, said(LOG_LENGTH - 1_003), fence);
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  const page = async (after: string | null, first: number | null = null) =>
    (await graph.data<Page>(EVENTS, { runId: run.id, after, first })).runEvents;

  test('begins with the first event, a hundred unless told, with or without a global id', async () => {
    const first = await page(null);
    expect(first.nodes.map(({ seq }) => seq)).toEqual(
      Array.from({ length: 100 }, (_, at) => at + 1),
    );
    expect(first.nodes.slice(0, 3)).toMatchObject([
      { type: 'RUN_QUEUED', stepKey: null },
      { type: 'RUN_STARTED', stepKey: null },
      { type: 'STEP_STARTED', stepKey: 'a' },
    ]);
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    expect(first.totalCount).toBe(LOG_LENGTH);
    const same = await graph.data<Page>(EVENTS, { runId: run.uuid });
    expect(same.runEvents).toEqual(first);
  });

  test('pages of a thousand hold each event once, in order; two statements a page', async () => {
    const seqs: number[] = [];
    database.statements();
    for (let after: string | null = null, more = true; more;) {
      const next = await page(after, 1_000);
      expect(database.statements()).toEqual(['runs.byIds', 'runEvents.from']);
      seqs.push(...next.nodes.map(({ seq }) => seq));
      more = next.pageInfo.hasNextPage;
      after = next.pageInfo.endCursor;
      expect(after).toBe(next.nodes.at(-1)!.cursor);
    }
    expect(seqs).toEqual(Array.from({ length: LOG_LENGTH }, (_, at) => at + 1));
  });

  test('a page in the middle knows what is on either side of it', async () => {
    const { endCursor } = (await page(null, 5)).pageInfo;
    const middle = await page(endCursor, 5);
    expect(middle.nodes.map(({ seq }) => seq)).toEqual([6, 7, 8, 9, 10]);
    expect(middle.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
  });

  test('after the last event is nothing, until there is more', async () => {
    const commands = commandsOver(graph);
    const { pageInfo } = (await graph.data<Page>(EVENTS, { runId: other.id })).runEvents;
    const rest = () => graph.data<Page>(EVENTS, { runId: other.id, after: pageInfo.endCursor });
    expect((await rest()).runEvents).toMatchObject({
      nodes: [],
      pageInfo: { hasNextPage: false, startCursor: null, endCursor: null },
    });
    await commands.append(other.id, [event('RUN_STARTED')]);
    expect((await rest()).runEvents.nodes).toMatchObject([{ seq: 2, type: 'RUN_STARTED' }]);
  });

  test('a thousand and one at once, a foreign or damaged cursor, and another workspace are refused', async () => {
    const { pageInfo } = await page(null, 1);
    const ask = (variables: object, parts = {}) =>
      graph.ask(EVENTS, { runId: run.id, ...variables }, parts);
    expect(codesOf(await ask({ first: 1_000 }))).toEqual([]);
    expect(codesOf(await ask({ first: 1_001 }))).toEqual(['INVALID']);
    expect(codesOf(await ask({ first: -1 }))).toEqual(['INVALID']);
    expect(codesOf(await ask({ after: `${pageInfo.endCursor?.slice(0, -2)}AA` }))).toEqual([
      'INVALID',
    ]);
    expect(codesOf(await ask({ runId: other.id, after: pageInfo.endCursor }))).toEqual(['INVALID']);
    expect(codesOf(await ask({}, { viewer: await otherViewer(database) }))).toEqual(['NOT_FOUND']);
  });

  test('a cursor whose event the log no longer holds is CURSOR_EXPIRED', async () => {
    const commands = commandsOver(graph);
    const short = await commands.start();
    const started = await commands.append(short.id, [event('RUN_STARTED')]);
    const { pageInfo } = (await graph.data<Page>(EVENTS, { runId: short.id })).runEvents;
    const after = pageInfo.endCursor;
    expect(started.version).toBe(2);
    // As after a restore: the log is shorter, then goes on with another event at the same place.
    await database.sql.query(
      statement('test.forget', 'DELETE FROM run_event WHERE run_id = $1 AND seq = 2'),
      [short.uuid],
    );
    const rest = () => graph.ask(EVENTS, { runId: short.id, after });
    expect(codesOf(await rest())).toEqual(['CURSOR_EXPIRED']);
    await database.sql.query(
      statement(
        'test.other',
        `INSERT INTO run_event (run_id, seq, event_id, type, occurred_at, actor)
        VALUES ($1, 2, $2, 'RUN_STARTED', now(), 'worker')`,
      ),
      [short.uuid, newId()],
    );
    expect(codesOf(await rest())).toEqual(['CURSOR_EXPIRED']);
  });

  test('a run shows the same cursors on its own field, filtered, from either end', async () => {
    const { cursor } = (await page(null, 3)).nodes[2]!;
    const { run: shown } = await graph.data<{ run: Record<string, Page['runEvents']> }>(
      `query ($id: ID!, $after: Cursor) { run(id: $id) {
        later: events(first: 2, after: $after) { nodes { seq } pageInfo { hasPreviousPage } }
        ends: events(last: 2) { nodes { seq cursor } pageInfo { endCursor } }
        steps: events(filter: { stepKey: { eq: "a" } }) { nodes { seq } totalCount } } }`,
      { id: run.id, after: cursor },
    );
    expect(shown['later']!.nodes).toEqual([{ seq: 4 }, { seq: 5 }]);
    expect(shown['ends']!.nodes.map(({ seq }) => seq)).toEqual([LOG_LENGTH - 1, LOG_LENGTH]);
    expect(shown['ends']!.pageInfo.endCursor).toBe(shown['ends']!.nodes[1]!.cursor);
    expect(shown['steps']).toEqual({ nodes: [{ seq: 3 }], totalCount: 1 });
    const result = await graph.ask(
      'query ($after: Cursor) { runs(first: 2) { nodes { events(after: $after) { nodes { seq } } } } }',
      { after: cursor },
    );
    expect(codesOf(result)).toEqual(['INVALID', 'INVALID']); // A cursor goes with one run.
  });
});
