/** The page at `/`: what this is, where to go, and the newest runs. Made here, works without scripts, loads nothing. */
import { createHash } from 'node:crypto';
import type { Answer, Asker, Params } from '../execution/answer.ts';
import { send, type Exchange } from '../transports/exchange.ts';
import { html, type Html } from './html.ts';
import { LANDING_STYLE } from './landing-style.ts';
import { ICON, MARK } from './mark.ts';

/** The runs that the page shows, asked as any client asks. */
export const LANDING_QUERY = `query LandingRuns {
  runs(first: 12) {
    nodes { id status statusName stepsTotal stepsDone createdAt durationMs workflow { name } }
  }
}`;

interface ShownRun {
  readonly id: string;
  readonly status: string;
  readonly statusName: string | null;
  readonly stepsTotal: number;
  readonly stepsDone: number;
  readonly createdAt: string;
  readonly durationMs: number | null;
  readonly workflow: { readonly name: string } | null;
}

const STYLE_HASH = createHash('sha256').update(LANDING_STYLE).digest('base64');
/** Not in a template: what the browser hashes must be the text to the byte. */
const STYLE: Html = { html: `<style>${LANDING_STYLE}</style>` };
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${STYLE_HASH}'`,
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Sends the page; while the store is away it says so in place of the runs. One operation. */
export async function landingPage(
  exchange: Exchange,
  answer: (params: Params, asker: Asker) => Promise<Answer>,
): Promise<void> {
  const asker = { requestId: exchange.id, signal: exchange.gone, mayMutate: false };
  const { result } = await answer({ query: LANDING_QUERY }, asker);
  const plain = JSON.parse(JSON.stringify(result)) as {
    data?: { runs?: { nodes: ShownRun[] } | null } | null;
    errors?: { message: string }[];
  };
  const runs = plain.data?.runs?.nodes ?? null;
  const page = document(runs ? runTable(runs) : notice(plain.errors?.[0]?.message ?? 'no answer'));
  send(exchange, 200, 'text/html; charset=utf-8', `<!doctype html>\n${page.html}`, {
    'content-security-policy': POLICY,
  });
}

const LINKS: readonly [string, string, string][] = [
  ['/graphql', 'GraphiQL', 'Ask and explore; examples are open already.'],
  ['/schema.graphql', 'Schema', 'Every type and field, with its description.'],
  ['/health/ready', 'Health', 'Which stores answer, and how fast.'],
  ['/metrics', 'Metrics', 'For Prometheus.'],
];

function document(runs: Html): Html {
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
        <h2 id="runs">Newest runs</h2>
        <div class="sheet" role="region" aria-labelledby="runs" tabindex="0">${runs}</div>
      </main>
      <footer>
        <p>
          Replay a recorded workflow: <code>npx polyphony replay e2e/samples/*</code>. Settings:
          <code>npx polyphony print-config</code>.
        </p>
      </footer>
    </body>
  </html> `;
}

function notice(message: string): Html {
  return html`<p class="notice" role="status">The runs cannot be shown now: ${message}.</p>`;
}

function runTable(runs: readonly ShownRun[]): Html {
  if (runs.length === 0) {
    return html`<p class="notice faint">
      No runs yet. Start one in <a href="/graphql">GraphiQL</a>.
    </p>`;
  }
  return html`<table>
    <caption>
      The newest runs with their status and progress
    </caption>
    <thead>
      <tr>
        <th scope="col">Workflow</th>
        <th scope="col">Status</th>
        <th scope="col">Progress</th>
        <th scope="col">Queued (UTC)</th>
        <th scope="col">Took</th>
      </tr>
    </thead>
    <tbody>
      ${runs.map(runRow)}
    </tbody>
  </table>`;
}

const TONE: Record<string, string> = {
  SUCCEEDED: 'good',
  FAILED: 'bad',
  CRASHED: 'bad',
  TIMED_OUT: 'bad',
  CANCELED: 'still',
  QUEUED: 'still',
  PAUSED: 'still',
};

function runRow(run: ShownRun): Html {
  const name = run.workflow?.name ?? 'a workflow';
  const status = run.status.toLowerCase().replace('_', ' ');
  const steps = `${run.stepsDone} of ${run.stepsTotal}`;
  return html`<tr>
    <td class="name">
      <a href="${inGraphiql(run.id)}" title="Open this run in GraphiQL">${name}</a>
    </td>
    <td>
      <span class="status ${TONE[run.status] ?? ''}">${status}</span
      >${run.statusName ? html` <span class="faint">${run.statusName}</span>` : null}
    </td>
    <td class="number">
      <progress
        max="${Math.max(run.stepsTotal, 1)}"
        value="${run.stepsDone}"
        aria-label="Steps done of ${name}"
      ></progress
      >${steps}
    </td>
    <td class="number">
      <time datetime="${run.createdAt}">${run.createdAt.slice(0, 16).replace('T', ' ')}</time>
    </td>
    <td class="number">${duration(run.durationMs)}</td>
  </tr> `;
}

function inGraphiql(id: string): string {
  const query = `{
  run(id: ${JSON.stringify(id)}) {
    status statusName stepsTotal stepsDone
    steps(first: 50) { nodes { stepKey name status startedAt durationMs } }
  }
}`;
  return `/graphql?query=${encodeURIComponent(query)}`;
}

function duration(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  return minutes < 60
    ? `${minutes} min ${Math.round((ms % 60_000) / 1_000)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
