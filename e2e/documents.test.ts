/**
 * What very many different documents leave behind in a gateway and in its Postgres: nothing. `DOCUMENTS=100000` in the
 * environment asks for more of them.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WORLDS, type World } from './kit/gateway.ts';
import { documentOf } from './kit/many-documents.ts';
import { postAll } from './kit/pipelined.ts';
import { startProbedGateway, type Holding, type ProbedGateway } from './kit/probed-gateway.ts';
import { polyphony, settingsOf } from './kit/process.ts';

const DOCUMENTS = Number(process.env['DOCUMENTS'] ?? 40_000);
/** By then every cache is full, every function hot, every connection made. */
const WARM = DOCUMENTS / 4;
/** What a heap differs by between two looks; of 30,000 documents each may leave some 120 bytes then. */
const UNSTEADY = 0.1;
/** Statements of a connection: the bound of those that are put together, and some of the source. */
const PREPARED_MAX = 600;

// One store is enough for the heap; a server has connections of its own, whose statements it counts.
describe.each(WORLDS.slice(-1))('$name', ({ open }) => {
  let world: World;
  let gateway: ProbedGateway;
  beforeAll(async () => {
    world = await open();
    const settings = settingsOf(world);
    await polyphony(['seed'], settings);
    // A small cache of documents: a large one would hide in it what is kept beside it.
    gateway = await startProbedGateway({
      ...settings,
      QUERY_DOCUMENTS_MAX: '100',
      DATABASE_POOL_MAX: '4',
      DATABASE_POOL_MIN: '4',
    });
  });
  afterAll(async () => {
    await gateway.stop();
    await world.end();
  });

  test(
    `${DOCUMENTS} different documents leave the heap and the prepared statements flat`,
    { timeout: 600_000 },
    async () => {
      const texts = new Set(Array.from({ length: DOCUMENTS }, (_, index) => documentOf(index)));
      expect(texts.size).toBe(DOCUMENTS);
      texts.clear();

      const seen: Holding[] = [];
      let done = 0;
      for (const count of [WARM, DOCUMENTS / 2, DOCUMENTS]) {
        await postAll(gateway.url, documentOf, done, count);
        done = count;
        seen.push(await gateway.holding());
      }
      const [warm, ...later] = seen;
      for (const { heap_bytes, code_bytes } of later) {
        expect(heap_bytes / warm!.heap_bytes, shown(seen)).toBeLessThan(1 + UNSTEADY);
        const code_grown_bytes = code_bytes - warm!.code_bytes; // Functions that were made for documents.
        expect(code_grown_bytes, shown(seen)).toBeLessThan(UNSTEADY * warm!.heap_bytes);
      }
      for (const { prepared } of seen) {
        expect(prepared.length, shown(seen)).toBeGreaterThan(0);
        expect(Math.max(...prepared), shown(seen)).toBeLessThanOrEqual(PREPARED_MAX);
      }
    },
  );
});

function shown(seen: readonly Holding[]): string {
  return JSON.stringify(seen);
}
