/** GraphiQL in a real browser: subscriptions go over WebSocket, live items arrive, a restart of the gateway is outlived. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserPath, openBrowser, watchPage } from './kit/browser.ts';
import { startGatewayProcess, type GatewayProcess } from './kit/process.ts';
import { until } from './kit/until.ts';
import { newWorker } from './kit/worker.ts';

const chromium = browserPath();

describe.skipIf(!chromium)('in Chromium (CHROMIUM_PATH, or on the PATH)', () => {
  let folder: string;
  let gateway: GatewayProcess;
  let browser: Browser;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'polyphony-graphiql-'));
    [gateway, browser] = await Promise.all([
      startGatewayProcess({ DATA_DIR: join(folder, 'store') }),
      openBrowser(chromium!),
    ]);
  });
  afterAll(async () => {
    await browser.close();
    await gateway.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** With a query; or with the starting tabs. */
  async function open(query: string | null) {
    const page = await browser.newPage();
    const faults = watchPage(page, gateway.url);
    const wire = recordSockets(page);
    const search = query === null ? '' : `?query=${encodeURIComponent(query)}`;
    await page.goto(`${gateway.url}/graphql${search}`);
    const shown = async () =>
      (await page.locator('.graphiql-response').innerText()).replaceAll(/\s/g, ' ');
    const press = (name: RegExp) => page.getByRole('button', { name }).click();
    return { page, faults, wire, shown, press };
  }

  test('a subscription goes over WebSocket: items arrive as the run goes on, until it is stopped', async () => {
    const worker = await newWorker(gateway.url);
    await worker.start(); // Version 3.
    const { page, faults, wire, shown, press } = await open(watched(worker.runId));
    await press(/execute query/i);
    await until('the snapshot', async () => (await shown()).includes('"SNAPSHOT"'));
    await worker.progress(2);
    await until('version 5', async () => (await shown()).includes('"version": 5'));
    expect(await shown()).toContain('"CHANGE"');
    expect(wire.opened).toEqual([`${gateway.url.replace('http', 'ws')}/graphql`]);

    await press(/stop query/i);
    await until('the socket is closed', () => wire.open() === 0);
    expect(wire.sent.some((text) => text.includes('"type":"complete"'))).toBe(true);
    await worker.finish();
    await press(/execute query/i);
    await until('a new snapshot', async () => (await shown()).includes('SUCCEEDED'));
    expect(wire.received.filter((text) => text.includes('"version":6'))).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });

  test('the starting subscription answers at once, and goes on as runs come and end', async () => {
    const { page, faults, wire, shown, press } = await open(null);
    const told = (...words: string[]) =>
      wire.received.some((text) => words.every((word) => text.includes(word)));
    const editor = page.locator('.graphiql-query-editor');
    await until('the tab is open', async () => {
      await page.getByRole('tab', { name: 'LiveRuns' }).click(); // Without effect until the editor is there.
      return (await editor.innerText()).includes('LiveRuns');
    });
    await press(/execute query/i);
    await until('the snapshot', async () => (await shown()).includes('"SNAPSHOT"'));
    const worker = await newWorker(gateway.url);
    await until('it is queued', () => told('"CHANGE"', '"version":1,"status":"QUEUED"'));
    await until('GraphiQL shows the change', async () => (await shown()).includes('"CHANGE"'));
    await worker.start();
    await worker.finish();
    await until('it has ended', () => told('"CHANGE"', '"version":5,"status":"SUCCEEDED"'));
    expect(faults).toEqual([]);
    await page.close();
  }, 120_000);

  test('a drained and restarted gateway is found again, though nobody listened meanwhile', async () => {
    const worker = await newWorker(gateway.url);
    await worker.start();
    const { page, faults, wire, shown, press } = await open(watched(worker.runId));
    await press(/execute query/i);
    await until('the snapshot', async () => (await shown()).includes('"SNAPSHOT"'));

    await gateway.stop();
    await until('it is told where to go on', async () => (await shown()).includes('"resume"'));
    await until('it has come in vain', () => wire.opened.length > 1 && wire.open() === 0);
    await gateway.restart();
    await until('the snapshot again', async () => (await shown()).includes('"SNAPSHOT"'));
    await worker.progress(1);
    await until('the next change', async () => (await shown()).includes('"version": 4'));
    expect(faults.filter((fault) => !fault.includes('ERR_CONNECTION_REFUSED'))).toEqual([]);
    await page.close();
  }, 120_000);
});

function watched(runId: string): string {
  return `subscription Watched { run(id: "${runId}") { type run { version status } } }`;
}

/** Every WebSocket of a page, and what went over them. */
function recordSockets(page: Page) {
  const opened: string[] = [];
  const sent: string[] = [];
  const received: string[] = [];
  let closed = 0;
  page.on('websocket', (socket) => {
    opened.push(socket.url());
    socket.on('framesent', ({ payload }) => sent.push(String(payload)));
    socket.on('framereceived', ({ payload }) => received.push(String(payload)));
    socket.on('close', () => (closed += 1));
  });
  return { opened, sent, received, open: () => opened.length - closed };
}
