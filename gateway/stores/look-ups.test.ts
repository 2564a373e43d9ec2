/** Look-ups of several callers at one time: one statement, and nobody notices that there are others. */
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openGraph } from '../../e2e/kit/graph.ts';
import type { TestDatabase } from '../../e2e/kit/database.ts';
import { STORES } from '../../e2e/kit/stores.ts';
import { otherViewer, seedRun } from '../../e2e/kit/world.ts';
import { Unavailable } from '../../resolvers/errors.ts';
import { dynamicStatement, statement, type LookUp } from '../../resolvers/sql.ts';
import { Stop } from '../../resolvers/stop.ts';

interface Row {
  readonly key: string;
  readonly name: string;
}

const BY_SLUG = statement<Row>(
  'test.bySlug',
  'SELECT slug AS key, name FROM workspace WHERE slug = ANY($1) AND name <> $2',
);
/** Workspaces by slug; `scope` is a name that they do not have. */
const SLUGS: LookUp<Row> = {
  statementFor: () => BY_SLUG,
  valuesOf: (keys, scope) => [keys, scope],
  keyOf: ({ key }) => key,
};
const ADD = statement(
  'test.add',
  'INSERT INTO workspace (id, slug, name) VALUES (gen_random_uuid(), $1, $2)',
);
const RENAME = statement('test.rename', 'UPDATE workspace SET name = $2 WHERE slug = $1');

describe.each(STORES)('$name', ({ open }) => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await open();
    for (const slug of ['a', 'b', 'c']) await database.sql.query(ADD, [slug, slug.toUpperCase()]);
    database.statements();
  });
  afterEach(() => database.close());

  /** A caller of its own, as each request is. */
  const ask = (keys: readonly string[], { scope = 'nothing', signal = new Stop() } = {}) =>
    database.store.sqlFor(signal).lookUp!(SLUGS, scope, keys);
  const names = async (asked: Promise<ReadonlyMap<string, Row>>, keys: readonly string[]) => {
    const found = await asked;
    return keys.map((key) => found.get(key)?.name ?? null);
  };

  test('what is asked for in one turn is one statement, and each is answered its own', async () => {
    const asked = [['a'], ['b', 'gone'], ['a'], ['c']].map((keys) => names(ask(keys), keys));
    expect(await Promise.all(asked)).toEqual([['A'], ['B', null], ['A'], ['C']]);
    expect(database.statements()).toEqual(['test.bySlug']);
  });

  test('who asks later is answered by a later statement: a write before it is seen', async () => {
    const earlier = names(ask(['a']), ['a']);
    await turn();
    await database.sql.query(RENAME, ['a', 'renamed']);
    expect(await names(ask(['a']), ['a'])).toEqual(['renamed']);
    expect(await earlier).toHaveLength(1);
    expect(database.statements()).toEqual(['test.bySlug', 'test.rename', 'test.bySlug']);
  });

  test('callers of another scope have a statement of their own', async () => {
    const asked = [ask(['a']), ask(['a'], { scope: 'A' }), ask(['b'], { scope: 'A' })];
    expect(await Promise.all(asked.map((each) => names(each, ['a', 'b'])))).toEqual([
      ['A', null],
      [null, 'B'],
      [null, 'B'],
    ]);
    expect(database.statements()).toEqual(['test.bySlug', 'test.bySlug']);
  });

  test('31 keys are one statement, one more is two, and who has more alone is not split', async () => {
    const keys = (count: number) => Array.from({ length: count }, (_, at) => `key ${at}`);
    await Promise.all(keys(31).map((key) => ask([key])));
    expect(database.statements()).toHaveLength(1);
    await Promise.all(keys(32).map((key) => ask([key])));
    expect(database.statements()).toHaveLength(2);
    await ask(keys(100));
    expect(database.statements()).toHaveLength(1);
  });

  test('who leaves is told so at once, and the others are answered', async () => {
    const leaving = new Stop();
    const left = ask(['a'], { signal: leaving });
    const stays = names(ask(['b']), ['b']);
    leaving.abort('left');
    await expect(left).rejects.toBeInstanceOf(Unavailable);
    expect(await stays).toEqual(['B']);
    const gone = new Stop();
    gone.abort('left');
    await expect(ask(['a'], { signal: gone })).rejects.toBeInstanceOf(Unavailable);
  });

  test('who asks in the turn in which all others left is answered', async () => {
    const leaving = new Stop();
    const left = ask(['a'], { signal: leaving });
    leaving.abort('left');
    const comes = names(ask(['b']), ['b']);
    await expect(left).rejects.toBeInstanceOf(Unavailable);
    expect(await comes).toEqual(['B']);
  });

  test('when all have left nothing is sent', async () => {
    const leaving = new Stop();
    const left = [ask(['a'], { signal: leaving }), ask(['b'], { signal: leaving })];
    leaving.abort('left');
    await Promise.all(left.map((each) => expect(each).rejects.toBeInstanceOf(Unavailable)));
    await turn();
    await turn();
    expect(database.statements()).toEqual([]);
  });

  test('what runs for those who left is ended once the last of them has', async () => {
    const slow = dynamicStatement<Row>(
      'test.slow',
      `SELECT slug AS key, name FROM workspace WHERE slug = ANY($1) AND name <> $2
        AND 0 < (SELECT count(*) FROM generate_series(1, 100000) x, generate_series(1, 100000) y)`,
    );
    const lookUp: LookUp<Row> = { ...SLUGS, statementFor: () => slow };
    const signals = [new Stop(), new Stop()];
    const left = signals.map((signal) => {
      const asked = database.store.sqlFor(signal).lookUp!(lookUp, '', ['a']);
      return expect(asked).rejects.toBeInstanceOf(Unavailable);
    });
    await turn();
    await turn();
    const began_ms = performance.now();
    for (const signal of signals) signal.abort('left');
    await Promise.all(left);
    // Embedded there is one session: it would be a minute until it is free.
    await database.sql.query(RENAME, ['a', 'free']);
    expect(performance.now() - began_ms).toBeLessThan(30_000);
  });

  test('what fails fails for all who asked for it, and for nobody else', async () => {
    const wrong = statement<Row>('test.wrong', 'SELECT 1 / 0 FROM workspace WHERE $1 = $2');
    const lookUp: LookUp<Row> = { ...SLUGS, statementFor: () => wrong };
    const failing = ['a', 'b'].map((key) => database.sql.lookUp!(lookUp, '', [key]));
    const fine = names(ask(['a']), ['a']);
    const settled = await Promise.allSettled(failing);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await fine).toEqual(['A']);
  });

  test('a transaction has none to share: it reads what it wrote', async () => {
    await database.sql.transaction(async (tx) => {
      expect(tx.lookUp).toBeUndefined();
    });
  });

  test('operations at one time look their runs up together, each within its workspace', async () => {
    const graph = openGraph(database);
    const viewer = await otherViewer(database);
    const [ours, theirs] = [
      await seedRun(database, ['s']),
      await seedRun(database, ['s'], { viewer }),
    ];
    database.statements();
    const run = 'query($id: ID!) { run(id: $id) { uuid } }';
    const asked = [
      graph.data(run, { id: ours }),
      graph.data(run, { id: theirs }),
      graph.data(run, { id: ours }, { viewer }),
      graph.data(run, { id: theirs }, { viewer }),
    ];
    expect(await Promise.all(asked)).toEqual([
      { run: { uuid: ours } },
      { run: null },
      { run: null },
      { run: { uuid: theirs } },
    ]);
    expect(database.statements()).toEqual(['runs.byIds', 'runs.byIds']); // One for each workspace.
    await graph.close();
  });
});
