/** A real browser, where there is one: Chromium by CHROMIUM_PATH or by its usual names. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];

/** Where Chromium is, or null. */
export function browserPath(): string | null {
  const given = process.env['CHROMIUM_PATH'];
  if (given) return given;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find((path) => existsSync(path)) ?? null;
}

/** Opens it without a window. */
export function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
}

/** What a page did that it should not: requests to other hosts, errors on its console, scripts that threw. */
export function watchPage(page: Page, origin: string): string[] {
  const faults: string[] = [];
  const own = (url: string) => /^(data:|blob:)/.test(url) || new URL(url).origin === origin;
  page.on('request', (request) => {
    if (!own(request.url())) faults.push(`asked ${request.url()}`);
  });
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  return faults;
}
