/**
 * The page at `/`: what this is, where to go, and the runs as they are. Made here it works without scripts; with them
 * it goes on live (browser/landing.ts). Nothing comes from another host.
 */
import { createHash } from 'node:crypto';
import { resultOf, type AnswerFunction } from '../execution/answer.ts';
import { send, type Exchange } from '../transports/exchange.ts';
import { firstRow, type PageRun } from './board.ts';
import { html, pageHeaders, type Html } from './html.ts';
import { LANDING_QUERY } from './landing-documents.ts';
import { LANDING_STYLE } from './landing-style.ts';
import { ICON, MARK } from './mark.ts';
import { COLUMNS, runRow, statusCounts, type StatusCount } from './run-row.ts';

interface Shown {
  readonly active: readonly PageRun[];
  readonly ended: readonly PageRun[];
  readonly counts: readonly StatusCount[];
  /** Why there are none; null when that is not so. */
  readonly missing: string | null;
}

/** Where scripts import the client from: the name that it has in the package. */
const IMPORTS = JSON.stringify({ imports: { 'polyphony/client': '/client.js' } });

// Not in templates: what the browser hashes must be the text to the byte.
const STYLE: Html = { html: `<style>${LANDING_STYLE}</style>` };
const SCRIPTS: Html = {
  html: `<script type="importmap">${IMPORTS}</script><script type="module" src="/landing.js"></script>`,
};
const POLICY = [
  "default-src 'none'",
  `style-src '${hashOf(LANDING_STYLE)}'`,
  `script-src 'self' '${hashOf(IMPORTS)}'`,
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

/** Sends the page; while the store is away it says so in place of the runs. One operation. */
export async function landingPage(exchange: Exchange, answer: AnswerFunction): Promise<void> {
  const asker = { requestId: exchange.id, signal: exchange.gone, mayMutate: false };
  const result = resultOf(await answer({ query: LANDING_QUERY }, asker));
  const page = document(shownIn(JSON.parse(JSON.stringify(result)) as Result), Date.now());
  send(
    exchange,
    200,
    'text/html; charset=utf-8',
    `<!doctype html>\n${page.html}`,
    pageHeaders(POLICY),
  );
}

interface Result {
  readonly data?: {
    readonly active?: { readonly nodes: PageRun[] } | null;
    readonly ended?: { readonly nodes: PageRun[] } | null;
    readonly runStats?: StatusCount[] | null;
  } | null;
  readonly errors?: readonly { readonly message: string }[];
}

function shownIn({ data, errors }: Result): Shown {
  return {
    active: data?.active?.nodes ?? [],
    ended: data?.ended?.nodes ?? [],
    counts: data?.runStats ?? [],
    missing: data?.active && data.ended ? null : (errors?.[0]?.message ?? 'no answer'),
  };
}

const LINKS: readonly [string, string, string][] = [
  ['/graphql', 'GraphiQL', 'Ask and explore; examples are open already.'],
  ['/schema.graphql', 'Schema', 'Every type and field, with its description.'],
  ['/health/ready', 'Health', 'Which stores answer, and how fast.'],
  ['/metrics', 'Metrics', 'For Prometheus.'],
];

function document(shown: Shown, now_ms: number): Html {
  const links = LINKS.map(
    ([path, name, why]) =>
      html`<li>
        <a href="${path}"><strong>${name}</strong><span>${why}</span></a>
      </li>`,
  );
  return html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>Polyphony</title>
      <link rel="icon" href="${ICON}" />
      ${STYLE}
    </head>
    <body>
      <header>
        <h1>${MARK}Polyphony</h1>
        <p>
          One GraphQL graph over many stores, with the state of running workflows. This is your
          gateway; it is up.
        </p>
        <nav aria-label="Pages of this gateway">
          <ul>
            ${links}
          </ul>
        </nav>
      </header>
      <main>
        <div class="head">
          <h2 id="runs">Runs</h2>
          <p id="link" role="status" data-state="connecting" hidden>connecting…</p>
        </div>
        ${shown.missing === null ? null : notice(shown.missing)} ${statusCounts(shown.counts)}
        <div class="sheet">${runTable(shown, now_ms)}</div>
        <p id="told" class="unseen" aria-live="polite"></p>
      </main>
      <footer>
        <p>
          Replay a recorded workflow: <code>npx polyphony replay e2e/samples/*</code>. Settings:
          <code>npx polyphony print-config</code>.
        </p>
      </footer>
      ${known(shown, now_ms)} ${SCRIPTS}
    </body>
  </html> `;
}

/** What the page shows already, for the script: it goes on from there and never back. */
function known({ active, ended, missing }: Shown, now_ms: number): Html {
  const json = JSON.stringify({ now_ms, runs: [...active, ...ended], whole: missing === null });
  const text = json.replaceAll('<', String.raw`\u003c`); // Or a name could end the element.
  return { html: `<script type="application/json" id="known">${text}</script>` };
}

function notice(message: string): Html {
  return html`<p id="missing" class="notice">The runs cannot be shown now: ${message}.</p>`;
}

function runTable({ active, ended }: Shown, now_ms: number): Html {
  const heads = COLUMNS.map((name) => html`<th role="columnheader" scope="col">${name}</th>`);
  return html`<table role="table" aria-labelledby="runs">
    <thead role="rowgroup">
      <tr role="row">
        ${heads}
      </tr>
    </thead>
    ${group('active', 'Running now', active, 'Nothing is running.', now_ms)}
    ${group('ended', 'Ended', ended, 'None has ended yet.', now_ms)}
  </table>`;
}

function group(
  id: string,
  title: string,
  runs: readonly PageRun[],
  none: string,
  now_ms: number,
): Html {
  return html`<tbody role="rowgroup" id="${id}" aria-label="${title}">
    <tr role="row" class="title">
      <th role="rowheader" scope="rowgroup" colspan="${COLUMNS.length}">${title}</th>
    </tr>
    <tr role="row" class="none" ${runs.length > 0 ? HIDDEN : null}>
      <td role="cell" colspan="${COLUMNS.length}">${none}</td>
    </tr>
    ${runs.map((run) => runRow(firstRow(run, now_ms)))}
  </tbody>`;
}

const HIDDEN: Html = { html: 'hidden' };
