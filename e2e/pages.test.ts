/** The pages in a real browser: they load nothing from elsewhere, and their examples work on the seeded world. */
import { readFile } from 'node:fs/promises';
import { OperationTypeNode, parse, validate, type OperationDefinitionNode } from 'graphql';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { socketAdmin } from '../gateway/cli/admin-http.ts';
import type { Admin } from '../gateway/cli/admin.ts';
import { EXAMPLES, type Example } from '../gateway/pages/examples.ts';
import * as documents from '../gateway/pages/landing-documents.ts';
import { ownerOf } from '../gateway/stores/data-folder.ts';
import { schema } from '../schema/index.ts';
import { browserPath, openBrowser, watchPage } from './kit/browser.ts';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';
import { newSteppingWorker } from './kit/stepping-worker.ts';

let world: World;
let gateway: TestGateway;
let admin: Admin;

beforeAll(async () => {
  world = await WORLDS[0]!.open();
  gateway = await world.start();
  const owner = await ownerOf(String(world.settings['DATA_DIR']));
  admin = socketAdmin(owner!.socketPath);
  await admin.seed(null, () => undefined);
});
afterAll(() => world.end());

const { LANDING_QUERY, ACTIVE_NOW, COUNTS_NOW, BY_ID, ENDED_LATELY } = documents;
const ASKED = [LANDING_QUERY, ACTIVE_NOW, COUNTS_NOW, BY_ID, ENDED_LATELY];

test.each([...ASKED, ...EXAMPLES.map(({ document }) => document)])(
  'a starting operation is valid on the schema: %s',
  (document) => {
    expect(validate(schema, parse(document))).toEqual([]);
  },
);

const isQuery = ({ document }: Example) =>
  (parse(document).definitions[0] as OperationDefinitionNode).operation === OperationTypeNode.QUERY;

test.each(EXAMPLES.filter(isQuery))(
  'a starting example answers with rows of the seeded world',
  async (example) => {
    const variables = JSON.parse(example.variables ?? '{}') as object;
    const { data, errors } = await gateway.ask<Record<string, { nodes: unknown[] }>>(
      example.document,
      variables,
    );
    expect(errors).toBeUndefined();
    for (const { nodes } of Object.values(data ?? {})) expect(nodes.length).toBeGreaterThan(0);
  },
);

test('GraphiQL comes compressed, whole, with a policy that lets nothing else in', async () => {
  const response = await fetch(`${gateway.url}/graphql`, { headers: { accept: 'text/html' } });
  expect(response.headers.get('content-encoding')).toBe('gzip');
  expect(response.headers.get('content-security-policy')).toMatch(
    /default-src 'none'.*connect-src 'self'/,
  );
  const html = await response.text();
  expect(html).toContain('Polyphony · GraphiQL');
  expect(html).not.toMatch(/<(script|link|img|iframe)[^>]+(src|href)=["']?(https?:)?\/\//i);
});

const chromium = browserPath();

const NASTY_NAME = `</script><script>stolen = 1</script><img src=x onerror="stolen = 2">&amp; 'x'`;

describe.skipIf(!chromium)('in Chromium (CHROMIUM_PATH, or on the PATH)', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(chromium!);
  });
  afterAll(() => browser.close());

  async function open(path: string, options = {}): Promise<{ page: Page; faults: string[] }> {
    const page = await browser.newPage(options);
    const faults = watchPage(page, gateway.url);
    await page.goto(`${gateway.url}${path}`);
    return { page, faults };
  }

  test.each([true, false])('the landing page shows the runs; scripts on: %s', async (scripts) => {
    const { page, faults } = await open('/', { javaScriptEnabled: scripts });
    expect(await page.title()).toBe('Polyphony');
    expect(await page.locator('#active tr[data-run]').count()).toBe(6);
    expect(await page.locator('#ended tr[data-run]').count()).toBe(12);
    expect(await page.getByRole('progressbar').count()).toBe(18);
    expect(await page.locator('#counts').innerText()).toMatch(/3\s*running/);
    expect(await page.getByRole('link', { name: 'GraphiQL Ask and explore' }).count()).toBe(1);
    if (scripts) await page.getByText('live · WebSocket').waitFor();
    else expect(await page.locator('#link').isVisible()).toBe(false);
    expect(faults).toEqual([]);
    await page.close();
  });

  test('a run enters, goes on and ends before your eyes; its name is text, whatever it holds', async () => {
    const { page, faults } = await open('/');
    await page.getByText('live · WebSocket').waitFor();
    const worker = await newSteppingWorker(gateway.url, {
      name: NASTY_NAME,
      steps: ['a', 'b', 'c', 'd'],
    });
    const row = page.locator(`tr[data-run="${worker.id}"]`);
    await page.locator(`#active tr[data-run="${worker.id}"]`).waitFor();
    expect(await row.getByRole('link').innerText()).toBe(NASTY_NAME);
    await worker.start();
    await row.getByText('running').waitFor();
    for (const done of [1, 2, 3]) {
      await worker.step();
      await row.getByText(`${done} of 4`).waitFor();
      expect(await row.getByRole('progressbar').getAttribute('aria-valuenow')).toBe(String(done));
    }
    await row.getByText(/steps\/(s|min)/).waitFor();
    await worker.fail();
    await row.getByText('failed', { exact: true }).waitFor();
    expect(await row.getByText('1 failed').count()).toBe(1);
    expect(await page.locator('#told').innerText()).toBe(`${NASTY_NAME}: failed`);
    expect(await page.locator(`#active tr.lingers[data-run="${worker.id}"]`).count()).toBe(1);
    await page.locator(`#ended tr[data-run="${worker.id}"]`).waitFor();
    expect(await row.count()).toBe(1);
    expect(await page.evaluate('globalThis.stolen')).toBeUndefined();
    expect(faults).toEqual([]);
    await page.close();
  });

  test('a run that was over before it was seen is among those that ended', async () => {
    const { page, faults } = await open('/');
    await page.getByText('live · WebSocket').waitFor();
    await admin.import(await readFile('e2e/samples/mosaic.json'));
    await page.locator('#ended tr[data-run]').getByText('mosaic-orion').waitFor();
    const shown = page.locator('#ended tr[data-run]').first();
    expect(await shown.innerText()).toMatch(/mosaic-orion\s+succeeded\s+12 of 12/);
    expect(faults).toEqual([]);
    await page.close();
  });

  test('a nasty name that is there already is text too', async () => {
    const worker = await newSteppingWorker(gateway.url, { name: NASTY_NAME, steps: ['a'] });
    const { page, faults } = await open('/');
    await page.getByText('live · WebSocket').waitFor();
    const row = page.locator(`tr[data-run="${worker.id}"]`);
    expect(await row.getByRole('link').innerText()).toBe(NASTY_NAME);
    expect(await page.evaluate('globalThis.stolen')).toBeUndefined();
    expect(faults).toEqual([]);
    await worker.start();
    await worker.fail();
    await page.close();
  });

  test.each([
    { streams: true, words: 'live · server-sent events' },
    { streams: false, words: 'live · asking again and again' },
  ])('without WebSockets, event streams: $streams, it is $words', async ({ streams, words }) => {
    const page = await browser.newPage();
    await page.routeWebSocket(/graphql/, (socket) => socket.close());
    await page.route('**/graphql', async (route) => {
      const isStream = route.request().headers()['accept']?.includes('text/event-stream');
      if (isStream && !streams) await route.abort();
      else await route.continue();
    });
    await page.goto(gateway.url);
    await page.getByText(words).waitFor();
    const worker = await newSteppingWorker(gateway.url, { name: 'Far away', steps: ['a'] });
    const row = page.locator(`tr[data-run="${worker.id}"]`);
    await row.getByText('queued').waitFor();
    await worker.start();
    await worker.step();
    await row.getByText('1 of 1').waitFor();
    await worker.finish();
    await row.getByText('succeeded').waitFor();
    await page.close();
  });

  test('the landing page follows the colour scheme, and its policy lets its own style through', async () => {
    const groundOf = async (colorScheme: string) => {
      const { page, faults } = await open('/', { colorScheme });
      // Chromium's own word for the style of the body: a blocked style sheet leaves it transparent.
      const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(faults).toEqual([]);
      await page.close();
      return ground;
    };
    expect(await groundOf('light')).toBe('rgb(247, 247, 251)');
    expect(await groundOf('dark')).toBe('rgb(18, 19, 26)');
  });

  test('it fits a small screen: nothing scrolls sideways', async () => {
    const { page } = await open('/', { viewport: { width: 360, height: 740 } });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    await page.close();
  });

  test('GraphiQL loads without any other host, and its first example runs', async () => {
    const { page, faults } = await open('/graphql');
    await page.getByRole('button', { name: /execute query/i }).click();
    const answer = page
      .getByRole('region', { name: 'Query Result' })
      .or(page.locator('.graphiql-response'));
    await expect
      .poll(() => answer.first().innerText(), { timeout: 30_000 })
      .toContain('totalCount');
    expect(await page.getByRole('tab').allInnerTexts()).toEqual(
      expect.arrayContaining(['Workflows', 'LiveRuns', 'Runs', 'Artifacts']),
    );
    expect(faults).toEqual([]);
    await page.close();
  });

  test.each([
    { list: '#ended', as: 'a query', answer: 'stepsTotal' },
    { list: '#active', as: 'a subscription', answer: 'SNAPSHOT' },
  ])('a run of $list opens in GraphiQL as $as that finds it', async ({ list, answer }) => {
    const { page, faults } = await open('/');
    await page.locator(`${list} tr[data-run] a`).first().click();
    await page.getByRole('button', { name: /execute query/i }).click();
    const response = page.locator('.graphiql-response');
    await expect.poll(() => response.innerText(), { timeout: 30_000 }).toContain(answer);
    expect(faults).toEqual([]);
    await page.close();
  });
});
