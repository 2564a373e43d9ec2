import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { seedDocuments } from '../../e2e/kit/knowledge.ts';
import { until } from '../../e2e/kit/until.ts';
import { seedArtifacts } from '../../e2e/kit/world.ts';
import { openLocalEmbedder } from '../../gateway/embedders/local.ts';
import { Invalid, Unavailable } from '../errors.ts';
import { statement } from '../sql.ts';
import type { Embedder } from './embedder.ts';
import { embeddingLag_ms, embeddingSteps, startEmbedding } from './embedding-worker.ts';

const COUNTS = statement<{ documents: number; artifacts: number }>(
  'test.embedded',
  `SELECT (SELECT count(*) FROM document_embedding) AS documents, (SELECT count(*) FROM artifact_embedding) AS artifacts`,
);
const HASHES = statement<{ same: boolean; model: string }>(
  'test.hashes',
  `SELECT e.content_hash = d.content_hash AS same, model FROM document d LEFT JOIN document_embedding e USING (id) ORDER BY id`,
);
const UPDATE = statement('test.update', 'UPDATE document SET text = $2 WHERE id = $1');
const NEVER = new AbortController().signal;

/** The local one, which counts and does as the test says. */
function watched(
  options: { model?: string; fail?: (texts: readonly string[]) => Error | null } = {},
) {
  const local = openLocalEmbedder();
  const calls: string[][] = [];
  const embedder: Embedder = {
    ...local,
    model: options.model ?? local.model,
    embed(texts, signal) {
      calls.push([...texts]);
      const error = options.fail?.(texts);
      return error ? Promise.reject(error) : local.embed(texts, signal);
    },
  };
  return { embedder, calls };
}

describe.each(DATABASES)('$name', ({ name, open }) => {
  const index = name === 'postgres';
  let database: TestDatabase;
  beforeEach(async () => {
    database = await open();
  });
  afterEach(() => database.close());

  const counts = async () => (await database.sql.query(COUNTS))[0];
  const stepsOf = (embedder: Embedder, refused?: (kind: string, id: string) => void) =>
    embeddingSteps(database.sql, embedder, { index, ...(refused ? { refused } : {}) });
  /** Steps until there is nothing more. */
  async function through(worker: ReturnType<typeof stepsOf>): Promise<void> {
    while (await worker.step(NEVER));
  }

  test('embeds what was there, then what changes by its content, each once', async () => {
    const ids = await seedDocuments(
      database,
      Array.from({ length: 300 }, (_, at) => ({ title: `title ${at}`, text: `text ${at}` })),
    );
    await seedArtifacts(database, [{ name: 'reads.bam' }, { name: 'model.bin' }]);
    const { embedder, calls } = watched();
    const worker = stepsOf(embedder);
    expect(await embeddingLag_ms(database.sql)).toBeNull();
    await through(worker);
    expect(await counts()).toEqual({ documents: 300, artifacts: 2 });
    expect(calls.flat()).toHaveLength(302);
    expect(await embeddingLag_ms(database.sql)).toBe(0);

    calls.length = 0;
    await database.sql.query(UPDATE, [ids[0], 'another text']);
    await database.pool.query(`UPDATE document SET metadata = '{"a":1}'`);
    await database.pool.query('UPDATE artifact SET quality = 1');
    await through(worker);
    expect(calls).toEqual([['title 0\nanother text']]);
    await database.pool.query(`DELETE FROM graph_node WHERE id = '${ids[1]}'`);
    await through(worker);
    expect(await counts()).toEqual({ documents: 299, artifacts: 2 });
    expect((await database.sql.query(HASHES)).every(({ same }) => same)).toBe(true);
  });

  test('killed between two steps, another goes on where it was, once the first has lost its hold', async () => {
    await seedDocuments(
      database,
      Array.from({ length: 600 }, (_, at) => ({ text: `text ${at}` })),
    );
    const first = watched();
    const killed = stepsOf(first.embedder);
    await killed.step(NEVER);
    await killed.step(NEVER);
    const second = watched();
    const other = stepsOf(second.embedder);
    expect(await other.step(NEVER)).toBe(false); // Still held.
    expect(second.calls).toEqual([]);
    await killed.leave();
    await through(other);
    expect(await counts()).toMatchObject({ documents: 600 });
    expect(first.calls.flat().length + second.calls.flat().length).toBe(600);
    expect(await killed.step(NEVER)).toBe(false);
  });

  test('what changes or goes while it is embedded has no vector of what it was', async () => {
    const [changed, gone] = await seedDocuments(database, [{ text: 'one' }, { text: 'two' }]);
    const { embedder } = watched();
    let meanwhile = true;
    const slow: Embedder = {
      ...embedder,
      async embed(texts, signal) {
        if (meanwhile) {
          await database.sql.query(UPDATE, [changed, 'another']);
          await database.pool.query(`DELETE FROM graph_node WHERE id = '${gone}'`);
        }
        return embedder.embed(texts, signal);
      },
    };
    const worker = stepsOf(slow);
    await worker.step(NEVER);
    await worker.step(NEVER);
    expect(await counts()).toMatchObject({ documents: 0 });
    meanwhile = false;
    await through(worker);
    expect(await counts()).toMatchObject({ documents: 1 });
    expect(await database.sql.query(HASHES)).toMatchObject([{ same: true }]);
  });

  test('another model embeds all anew; a position that is no longer kept begins a sweep', async () => {
    await seedDocuments(database, [{ text: 'one' }, { text: 'two' }]);
    const before = stepsOf(watched().embedder);
    await through(before);
    await before.leave();
    const { embedder, calls } = watched({ model: 'another' });
    const worker = stepsOf(embedder);
    await through(worker);
    expect(calls.flat()).toHaveLength(2);
    expect((await database.sql.query(HASHES)).map(({ model }) => model)).toEqual([
      'another',
      'another',
    ]);
    await database.pool.query('UPDATE feed_state SET epoch = epoch + 1');
    await seedDocuments(database, [{ text: 'three' }]);
    await through(worker);
    expect(calls.flat()).toHaveLength(3);
    expect(await counts()).toMatchObject({ documents: 3 });
  });

  test('a text that the embedder refuses is left out and told; the others have their vectors', async () => {
    const ids = await seedDocuments(
      database,
      Array.from({ length: 50 }, (_, at) => ({ text: at === 33 ? 'bad' : `text ${at}` })),
    );
    const { embedder } = watched({
      fail: (texts) =>
        texts.some((text) => text.endsWith('\nbad')) ? new Invalid('text', 'refused') : null,
    });
    const refused: string[] = [];
    await through(stepsOf(embedder, (_kind, id) => refused.push(id)));
    expect(refused).toEqual([ids[33]]);
    expect(await counts()).toMatchObject({ documents: 49 });
  });

  test('an embedder that is away holds up no writer; when it is back, all is embedded', async () => {
    let isAway = true;
    const { embedder } = watched({
      fail: () => (isAway ? new Unavailable('embedder', 'away') : null),
    });
    const failures: unknown[] = [];
    const worker = startEmbedding(database.sql, embedder, {
      look_ms: 5,
      index,
      failed: (error) => failures.push(error),
    });
    try {
      await seedDocuments(database, [{ text: 'one' }]);
      await until('it was tried again', () => failures.length > 1);
      await seedDocuments(database, [{ text: 'two' }]);
      expect(await counts()).toMatchObject({ documents: 0 });
      isAway = false;
      await until('both are embedded', async () => (await counts())?.documents === 2);
    } finally {
      await worker.stop();
    }
    const next = stepsOf(watched().embedder);
    await through(next); // Who stopped has let go.
    await seedDocuments(database, [{ text: 'three' }]);
    await through(next);
    expect(await counts()).toMatchObject({ documents: 3 });
  });
});
