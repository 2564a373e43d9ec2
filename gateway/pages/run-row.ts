/** A run as a row of the landing page: the same when the page is sent and while it goes on live. */
import { isActive, STATUSES, type PageRun, type Row } from './board.ts';
import { html, type Html } from './html.ts';

/** The columns, in order. Their names are those that a narrow screen shows too. */
export const COLUMNS = ['Workflow', 'Status', 'Progress', 'Rate', 'Time'] as const;

const TONE: Record<string, string> = {
  SUCCEEDED: 'good',
  FAILED: 'bad',
  CRASHED: 'bad',
  TIMED_OUT: 'bad',
  CANCELED: 'still',
  QUEUED: 'still',
  PAUSED: 'still',
};

/** One `<tr>`; `data-run` and `data-version` say of what. */
export function runRow({ run, lingers, elapsed_ms, stepsPerSecond }: Row): Html {
  const name = nameOf(run);
  return html`<tr
    role="row"
    class="${lingers ? 'run lingers' : 'run'}"
    data-run="${run.id}"
    data-version="${run.version}"
  >
    <td role="cell" class="name">
      <a href="${inGraphiql(run)}" title="${isActive(run) ? 'Follow' : 'Open'} it in GraphiQL"
        >${name}</a
      >
    </td>
    <td role="cell" class="state">
      ${statusMark(run.status)}${
        run.statusName ? html`<span class="faint">${run.statusName}</span>` : null
      }
    </td>
    <td role="cell" class="progress">${bar(run)}</td>
    <td role="cell" class="number">${rate(stepsPerSecond)}</td>
    <td role="cell" class="number">
      <time datetime="${run.createdAt}" title="Queued ${moment(run.createdAt)} UTC"
        >${duration(elapsed_ms)}</time
      >
    </td>
  </tr>`;
}

export interface StatusCount {
  readonly status: string;
  readonly count: number;
}

/** How many there are of each status, in the order of a run's life. */
export function statusCounts(counts: readonly StatusCount[]): Html {
  const some = STATUSES.flatMap((status) => {
    const count = counts.find((each) => each.status === status)?.count ?? 0;
    return count > 0 ? [{ status, count }] : [];
  });
  return html`<ul id="counts" aria-label="Runs by status">
    ${some.map(({ status, count }) => html`<li><b>${count}</b>${statusMark(status)}</li>`)}
  </ul>`;
}

/** A status in words and in its colour. */
function statusMark(status: string): Html {
  return html`<span class="status ${TONE[status] ?? 'busy'}">${statusWords(status)}</span>`;
}

/** A status as people read it. */
export function statusWords(status: string): string {
  return status.toLowerCase().replaceAll('_', ' ');
}

/** What a run is called on the page. */
export function nameOf({ workflow }: PageRun): string {
  return workflow?.name ?? 'a workflow';
}

/** Drawn in SVG: the policy of the page allows no style in an attribute. */
function bar(run: PageRun): Html {
  const { stepsDone, stepsFailed, stepsTotal } = run;
  const percent = (steps: number) => (stepsTotal === 0 ? 0 : (steps / stepsTotal) * 100);
  const failed = stepsFailed > 0 ? html`<b class="failed">${stepsFailed} failed</b>` : null;
  return html`<svg
      class="bar"
      role="progressbar"
      aria-label="Steps of ${nameOf(run)}"
      aria-valuemin="0"
      aria-valuemax="${stepsTotal}"
      aria-valuenow="${stepsDone}"
    >
      <rect class="done" width="${percent(stepsDone)}%" height="100%" />
      <rect
        class="failed"
        x="${percent(stepsDone)}%"
        width="${percent(stepsFailed)}%"
        height="100%"
      /></svg
    ><span class="number"><b class="done">${stepsDone}</b> of ${stepsTotal}</span>${failed}`;
}

function rate(stepsPerSecond: number | null): string {
  if (stepsPerSecond === null) return '';
  if (stepsPerSecond >= 1) return `${stepsPerSecond.toFixed(1)} steps/s`;
  return `${(stepsPerSecond * 60).toFixed(stepsPerSecond * 60 < 10 ? 1 : 0)} steps/min`;
}

/** A subscription while it runs, a query once it has ended. */
function inGraphiql(run: PageRun): string {
  const id = JSON.stringify(run.id);
  const document = isActive(run)
    ? `subscription Follow {
  run(id: ${id}) {
    type reason
    run { version status statusName stepsTotal stepsDone stepsFailed }
    steps { stepKey name status progress durationMs }
  }
}`
    : `query Run {
  run(id: ${id}) {
    status statusName stepsTotal stepsDone stepsFailed
    steps(first: 50) { nodes { stepKey name status startedAt durationMs } }
  }
}`;
  return `/graphql?query=${encodeURIComponent(document)}`;
}

function moment(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ');
}

function duration(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1_000)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}
