/** Vectors for tests and the bench, with artifacts that have them. */
import { newId } from '../../resolvers/keys.ts';
import { normalised, type Space } from '../../resolvers/knowledge/embedder.ts';
import { vectorText, type VectorStore } from '../../resolvers/knowledge/embeddings.ts';
import { LOCAL_VIEWER } from '../../resolvers/policy.ts';
import { randomFrom } from '../../resolvers/seed/random.ts';
import { dynamicStatement, type Sql } from '../../resolvers/sql.ts';
import type { TestDatabase } from './database.ts';

/** Of the vectors made here. */
export const TEST_SPACE: Space = { model: 'test', dimension: 256 };

/** Of topics and of how they are mixed. */
const TOPICS = 200;

/** As those of texts lie: around one of 200 topics, with some of another and much of its own. The same each time. */
export function randomVectors(count: number, seed: number): number[][] {
  const topicRandom = randomFrom(7);
  const random = randomFrom(seed);
  const topics = Array.from({ length: TOPICS }, () => gaussian(topicRandom));
  const topic = () => topics[Math.floor(random() * TOPICS)]!;
  return Array.from({ length: count }, () => {
    const [one, other, own] = [topic(), topic(), gaussian(random)];
    const share = random() * 0.6;
    return normalised(one.map((value, at) => value + share * other[at]! + 0.8 * own[at]!))!;
  });
}

function gaussian(random: () => number): number[] {
  return Array.from(
    { length: TEST_SPACE.dimension },
    () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  );
}

/** Stores artifacts with these vectors; their ids, in order. One statement per thousand. */
export async function seedVectors(
  { sql }: Pick<TestDatabase, 'sql'> | { readonly sql: Sql },
  store: VectorStore,
  vectors: readonly (readonly number[])[],
): Promise<string[]> {
  const ids = vectors.map((_, at) => newId(1_700_000_000_000 + at));
  for (let at = 0; at < vectors.length; at += 1_000) {
    const part = vectors.slice(at, at + 1_000);
    await sql.query(insert(store), [
      ids.slice(at, at + 1_000),
      part.map((vector) => vectorText(store, vector)),
      LOCAL_VIEWER.workspaceId,
      at,
    ]);
  }
  return ids;
}

const insert = (store: VectorStore) =>
  dynamicStatement(
    'test.vectors',
    `WITH given AS MATERIALIZED (
      SELECT * FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS made(id, vector, place)
    ), made AS (
      INSERT INTO artifact (id, workspace_id, name, kind)
      SELECT id, $3, 'artifact ' || place - 1 + $4::int, 'test' FROM given RETURNING id
    )
    INSERT INTO artifact_embedding (id, workspace_id, model, dimension, content_hash, vector)
    SELECT id, $3, '${TEST_SPACE.model}', ${TEST_SPACE.dimension}, '', given.vector::${store === 'array' ? 'real[]' : 'vector'}
    FROM given JOIN made USING (id) ORDER BY place`,
  );
