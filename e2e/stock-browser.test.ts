/**
 * The browser's own EventSource, in real Chromium, on a page of the gateway: told nothing but to close on `complete`,
 * it goes on where it was by its last id.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserPath, openBrowser } from './kit/browser.ts';
import { deliveryFaults, type Delivered } from './kit/checker.ts';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';
import { steadyWorker } from './kit/steady-worker.ts';
import { openWire, type Wire } from './kit/tcp-proxy.ts';
import { until } from './kit/until.ts';
import { newWorker } from './kit/worker.ts';

const EVENTS = `subscription ($run: ID!) { runEvents(runId: $run) { seq eventId } }`;

interface Seen {
  readonly items: readonly Delivered[];
  readonly errors: readonly { readonly extensions: { readonly code: string } }[];
  /** Connections that it opened, and those that broke. */
  readonly opened: number;
  readonly broken: number;
  readonly completed: boolean;
}

/** In the page; `source` is what a page of anybody would write. */
const FOLLOW = `(url) => {
  const seen = { items: [], errors: [], opened: 0, broken: 0, completed: false };
  const source = new EventSource(url);
  source.addEventListener('next', ({ data }) => {
    const { data: item, errors } = JSON.parse(data);
    if (errors) seen.errors.push(...errors);
    else seen.items.push(item.runEvents);
  });
  source.addEventListener('complete', () => {
    seen.completed = true;
    source.close();
  });
  source.onopen = () => (seen.opened += 1);
  source.onerror = () => (seen.broken += 1);
  window.seen = seen;
}`;

const chromium = browserPath();

describe.skipIf(!chromium)('in Chromium (CHROMIUM_PATH, or on the PATH)', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(chromium!);
  });
  afterAll(() => browser.close());

  describe.each(WORLDS)('$name', ({ open }) => {
    let world: World;
    let gateway: TestGateway;
    let wire: Wire;
    let page: Page;
    beforeAll(async () => {
      world = await open();
      gateway = await world.start({ LIVE_RETRY_MS: 50 });
      wire = await openWire(Number(new URL(gateway.url).port));
      page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${wire.port}/schema.graphql`);
    });
    afterAll(async () => {
      await page.close();
      await wire.close();
      await world.end();
    });

    const seen = () => page.evaluate<Seen>('window.seen');
    async function follow(run: string): Promise<void> {
      const asked = new URLSearchParams({ query: EVENTS, variables: JSON.stringify({ run }) });
      await page.evaluate(`(${FOLLOW})(${JSON.stringify(`/graphql?${asked.toString()}`)})`);
    }

    test('EventSource gets every event once and in order through a cut and a restart of the gateway', async () => {
      const { runId } = await newWorker(gateway.url);
      const worker = steadyWorker(gateway.url, runId);
      await follow(runId);
      await worker.start();
      await worker.progress(5);
      await until('the first events', async () => (await seen()).items.length === 8);

      wire.cut();
      await until('it is broken', async () => (await seen()).broken > 0);
      await worker.progress(5);
      wire.mend();
      await until('it has come again', async () => (await seen()).items.length === 13);

      const { opened, broken } = await seen();
      const { port } = new URL(gateway.url);
      await worker.progress(5);
      expect(await gateway.drain()).toBe(true);
      await until('it is broken again', async () => (await seen()).broken > broken);
      gateway = await world.start({ PORT: port });
      await worker.progress(5);
      await until('the rest', async () => (await seen()).items.length >= 23);
      const all = await seen();
      expect(deliveryFaults(worker.acknowledged, all.items)).toEqual([]);
      expect(all.items).toHaveLength(23);
      expect(all.opened).toBeGreaterThan(opened);
      expect({ errors: all.errors, completed: all.completed }).toEqual({
        errors: [],
        completed: false,
      });
    });

    test('a refusal comes as an item with its code and a complete, on which the page closes it', async () => {
      await follow('00000000-0000-7000-8000-00000000dead');
      await until('the refusal', async () => (await seen()).completed);
      expect(await seen()).toMatchObject({
        items: [],
        errors: [{ extensions: { code: 'NOT_FOUND' } }],
        opened: 1,
        broken: 0,
      });
    });
  });
});
