/** What the landing page showed, moment by moment: recorded in the page itself, whenever anything in it changes. */
import type { Page } from 'playwright-core';

export interface ShownRow {
  readonly version: number;
  readonly done: number;
  readonly status: string;
}

export interface PageRecord {
  /** As it is shown now, by the run's id. */
  readonly rows: Readonly<Record<string, ShownRow>>;
  /** Rows that came or showed something else than before. */
  readonly changes: number;
  /** A run that went back, was there twice, or was gone before it had ended: a sentence each. */
  readonly faults: readonly string[];
  /** How often the page said that it was live again. */
  readonly reconnects: number;
  /** What it says of its link now. */
  readonly link: string;
}

const RECORDER = `(() => {
  const ENDED = ['succeeded', 'failed', 'canceled', 'timed out', 'crashed'];
  const rows = {};
  const faults = [];
  let changes = 0;
  let reconnects = 0;
  let link = '';

  const look = () => {
    const there = new Set();
    for (const row of document.querySelectorAll('tr[data-run]')) {
      const id = row.dataset.run;
      if (there.has(id)) faults.push(id + ' is there twice');
      there.add(id);
      see(id, {
        version: Number(row.dataset.version),
        done: Number(row.querySelector('b.done').textContent),
        status: row.querySelector('.status').textContent,
      });
    }
    for (const id of Object.keys(rows)) {
      if (there.has(id)) continue;
      if (!ENDED.includes(rows[id].status)) faults.push(id + ' is gone, ' + JSON.stringify(rows[id]));
      delete rows[id];
    }
    const state = document.getElementById('link')?.dataset.state ?? '';
    if (state === 'live' && link !== 'live' && changes > 0) reconnects += 1;
    link = state;
  };
  const see = (id, now) => {
    const before = rows[id];
    if (before && (now.version < before.version || now.done < before.done)) {
      faults.push(id + ' went back from ' + JSON.stringify(before) + ' to ' + JSON.stringify(now));
    }
    if (JSON.stringify(before) !== JSON.stringify(now)) changes += 1;
    rows[id] = now;
  };

  new MutationObserver(look).observe(document, {
    subtree: true, childList: true, attributes: true, characterData: true,
  });
  globalThis.recorded = () => ({ rows, changes, faults, reconnects, link });
})()`;

/** Records from the page's first moment on; a page that is loaded anew begins anew. Answers how to read it. */
export async function recordRows(page: Page): Promise<() => Promise<PageRecord>> {
  await page.addInitScript(RECORDER);
  return () => page.evaluate('recorded()');
}
