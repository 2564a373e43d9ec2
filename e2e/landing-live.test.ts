/**
 * The landing page in a real browser while runs go on and its gateway is killed again and again: what it shows never
 * goes back, nothing that runs is lost from sight, and in the end it is what a fresh query answers.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PageRun } from '../gateway/pages/board.ts';
import { LANDING_QUERY } from '../gateway/pages/landing-documents.ts';
import { statusWords } from '../gateway/pages/run-row.ts';
import { asked } from './kit/ask.ts';
import { browserPath, openBrowser } from './kit/browser.ts';
import { startEndlessReplay } from './kit/endless-replay.ts';
import { WORLDS, type World } from './kit/gateway.ts';
import { recordRows, type PageRecord } from './kit/page-rows.ts';
import { startGatewayProcess, type GatewayProcess } from './kit/process.ts';
import { newSteppingWorker, type SteppingWorker } from './kit/stepping-worker.ts';
import { until } from './kit/until.ts';

const WORKERS = 2;
/** More than can be done meanwhile: all of them run until the end. */
const STEPS = Array.from({ length: 1_000 }, (_, at) => `step-${at}`);
const STEP_REST_MS = 100;

const chromium = browserPath();

describe.skipIf(!chromium).each(WORLDS)(
  'in Chromium (CHROMIUM_PATH, or on the PATH), $name',
  ({ name, open }) => {
    const kills = name === 'embedded' ? 10 : 3;
    let world: World;
    let gateway: GatewayProcess;
    let browser: Browser;
    let folder: string;
    beforeAll(async () => {
      world = await open();
      folder = await mkdtemp(join(tmpdir(), 'polyphony-landing-'));
      const settings = Object.entries(world.settings).map(([key, value]) => [key, String(value)]);
      [gateway, browser] = await Promise.all([
        startGatewayProcess(Object.fromEntries(settings) as Record<string, string>),
        openBrowser(chromium!),
      ]);
    });
    afterAll(async () => {
      await browser.close();
      await gateway.stop();
      await world.end();
      await rm(folder, { recursive: true, force: true });
    });

    test(`progress never goes back through ${kills} kills of the gateway`, async () => {
      const page = await browser.newPage();
      const record = await recordRows(page);
      let loads = 0;
      page.on('load', () => (loads += 1));
      await page.goto(gateway.url);
      const workers = await startWorkers(gateway.url);
      const replay = await startEndlessReplay(gateway.url, folder);

      for (let kill = 1; kill <= kills; kill++) {
        const { changes } = await record();
        await until('the page goes on', async () => {
          const now = await record();
          return now.link === 'live' && now.changes > changes + WORKERS;
        });
        await gateway.kill();
        await until('the page notices', async () => (await record()).link !== 'live');
        expect(Object.keys((await record()).rows).length).toBeGreaterThanOrEqual(WORKERS);
        await gateway.restart();
        await until('the page is live again', async () => (await record()).link === 'live');
      }
      await workers.finish();
      await replay.stop();
      const fresh = await shownBy(gateway.url);
      await expect.poll(async () => (await record()).rows, { timeout: 60_000 }).toEqual(fresh);

      const { rows, faults, reconnects, changes } = await record();
      expect(faults).toEqual([]);
      expect(reconnects).toBeGreaterThanOrEqual(kills);
      expect(loads).toBe(1); // It was never loaded anew.
      expect(workers.ids.map((id) => rows[id]?.status)).toEqual(workers.ids.map(() => 'succeeded'));
      console.log(`${kills} kills: ${reconnects} reconnects, ${changes} changes shown`);
    }, 900_000);
  },
);

/** They work, a step at a time and with short rests, until they are told to end their runs. */
async function startWorkers(url: string) {
  const names = Array.from({ length: WORKERS }, (_, at) => `Watched ${at}`);
  const workers = await Promise.all(
    names.map((name) => newSteppingWorker(url, { name, steps: STEPS })),
  );
  const wish = { end: false };
  const work = async (worker: SteppingWorker) => {
    await worker.start();
    while (!wish.end && (await worker.step())) await sleep(STEP_REST_MS);
    await worker.finish();
  };
  const working = Promise.all(workers.map(work));
  working.catch(() => undefined); // Told by `finish`.
  return {
    ids: workers.map(({ id }) => id),
    async finish() {
      wish.end = true;
      await working;
    },
  };
}

/** The rows that the page should show, asked afresh. */
async function shownBy(url: string): Promise<PageRecord['rows']> {
  const { active, ended } = await asked<Record<'active' | 'ended', { nodes: PageRun[] }>>(
    url,
    LANDING_QUERY,
  );
  return Object.fromEntries(
    [...active.nodes, ...ended.nodes].map(({ id, version, stepsDone, status }) => [
      id,
      { version, done: stepsDone, status: statusWords(status) },
    ]),
  );
}
