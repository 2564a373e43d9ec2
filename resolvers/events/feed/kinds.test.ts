import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { statement } from '../../sql.ts';
import { CHANGE_KINDS } from './feed.ts';

/** Arguments of triggers end with a zero byte each; feed_events names its kind in its body. */
const KINDS = statement<{ on: string; kind: string | null }>(
  'test.feedKinds',
  `SELECT t.tgrelid::regclass::text AS "on", coalesce(
    nullif(convert_from(substring(t.tgargs FOR greatest(length(t.tgargs) - 1, 0)), 'UTF8'), ''),
    substring(f.prosrc FROM 'SELECT run.workspace_id, ''(\\w+)''')) AS kind
  FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid
  WHERE f.prosrc LIKE '%INSERT INTO change %' ORDER BY 1, t.tgname`,
);

/** Kinds that are not called as their table is. */
const NAMES: Readonly<Record<string, string>> = {
  run_event: 'run',
  graph_node: 'entity',
  graph_relation: 'relation',
};

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  test('the kinds that triggers write are those that the feed knows, each of its own table', async () => {
    const found = await database.sql.query(KINDS);
    expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(CHANGE_KINDS));
    for (const { on, kind } of found) expect(kind).toBe(NAMES[on] ?? on);
  });

  test('a followed table tells of inserts, updates and deletes; of runs the log tells', async () => {
    const found = await database.sql.query(KINDS);
    expect(found.map(({ on }) => on)).toEqual([
      'agent',
      'agent',
      'agent',
      'artifact',
      'artifact',
      'artifact',
      'document',
      'document',
      'document',
      'graph_node',
      'graph_node',
      'graph_node',
      'graph_relation',
      'graph_relation',
      'graph_relation',
      'run',
      'run_event',
      'workflow',
      'workflow',
      'workflow',
    ]);
  });
});
