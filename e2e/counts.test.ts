/** Statements of the benchmark's operations, counted by the gateway itself, are those of e2e/bench/baseline.json. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readBaseline } from './bench/answers/baseline.ts';
import { countStatements } from './bench/answers/counts.ts';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';
import { newWorker } from './kit/worker.ts';

describe.each(WORLDS)('$name', ({ open }) => {
  let world: World;
  let gateway: TestGateway;
  let runId: string;
  beforeAll(async () => {
    world = await open();
    gateway = await world.start();
    for (let run = 0; run < 3; run++) {
      const worker = await newWorker(gateway.url);
      await worker.start(); // Its step stands in each page, so that what hangs on steps is asked for.
      runId = worker.runId;
    }
  });
  afterAll(() => world.end());

  test('a page, its outline, a run and nothing cost as many statements as the baseline says', async () => {
    expect(await countStatements(gateway.url, runId)).toEqual(readBaseline().statements);
  });
});
