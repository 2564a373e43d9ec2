/** The pages in a real browser: they load nothing from elsewhere, and their examples work on the seeded world. */
import { parse, validate } from 'graphql';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { socketAdmin } from '../gateway/cli/admin-http.ts';
import { EXAMPLES } from '../gateway/pages/examples.ts';
import { LANDING_QUERY } from '../gateway/pages/landing.ts';
import { ownerOf } from '../gateway/stores/data-folder.ts';
import { schema } from '../schema/index.ts';
import { browserPath, openBrowser, watchPage } from './kit/browser.ts';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';

let world: World;
let gateway: TestGateway;

beforeAll(async () => {
  world = await WORLDS[0]!.open();
  gateway = await world.start();
  const owner = await ownerOf(String(world.settings['DATA_DIR']));
  await socketAdmin(owner!.socketPath).seed(null, () => undefined);
});
afterAll(() => world.end());

test.each([LANDING_QUERY, ...EXAMPLES.map(({ document }) => document)])(
  'a starting query is valid on the schema: %s',
  (document) => {
    expect(validate(schema, parse(document))).toEqual([]);
  },
);

test.each(EXAMPLES)('a starting example answers with rows of the seeded world', async (example) => {
  const variables = JSON.parse(example.variables ?? '{}') as object;
  const { data, errors } = await gateway.ask<Record<string, { nodes: unknown[] }>>(
    example.document,
    variables,
  );
  expect(errors).toBeUndefined();
  for (const { nodes } of Object.values(data ?? {})) expect(nodes.length).toBeGreaterThan(0);
});

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
    expect(await page.getByRole('row').count()).toBe(13); // The head, and twelve runs.
    expect(await page.getByRole('progressbar').count()).toBe(12);
    expect(await page.getByRole('link', { name: 'GraphiQL Ask and explore' }).count()).toBe(1);
    expect(faults).toEqual([]);
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

  test('it fits a small screen: only the table scrolls sideways', async () => {
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
      expect.arrayContaining(['Workflows', 'Runs', 'Artifacts']),
    );
    expect(faults).toEqual([]);
    await page.close();
  });

  test('a run of the landing page opens in GraphiQL as a query that finds it', async () => {
    const { page, faults } = await open('/');
    await page.getByRole('row').nth(1).getByRole('link').click();
    await page.getByRole('button', { name: /execute query/i }).click();
    const answer = page.locator('.graphiql-response');
    await expect.poll(() => answer.innerText(), { timeout: 30_000 }).toContain('stepsTotal');
    expect(faults).toEqual([]);
    await page.close();
  });
});
