/** What a flush writes: one statement, of which each table that changed is a part; the others are left out. */
import { statement, type Sql, type Statement } from '../../sql.ts';
import { arraySql, encode } from './arrays.ts';
import {
  ATTEMPTS,
  CHANGED,
  CHECKS,
  COUNTED,
  EVENTS,
  MADE,
  MOVED,
  STEPS,
  USES,
  type Of,
  type Part,
} from './parts.ts';
import type {
  ArtifactState,
  AttemptState,
  CheckRow,
  PlacedEvent,
  RunState,
  StepState,
  UseRow,
} from './state.ts';

/** Events in one statement; more, as an import has, go in statements before. Bounds the size of a parameter. */
const EVENTS_MAX = 2_000;

interface Rows {
  readonly events: PlacedEvent[];
  readonly counted: RunState[];
  readonly moved: RunState[];
  readonly steps: StepState[];
  readonly attempts: AttemptState[];
  readonly made: Of<ArtifactState>[];
  readonly changed: Of<ArtifactState>[];
  readonly uses: UseRow[];
  readonly checks: CheckRow[];
}

/** Writes what the accepted calls made of these runs. 1 statement per 2,000 events, none without any. O(rows). */
export async function writeChanges(tx: Sql, runs: Iterable<RunState>): Promise<void> {
  const rows = changedRows(runs);
  if (rows.events.length === 0) return;
  let from = 0;
  for (; rows.events.length - from > EVENTS_MAX; from += EVENTS_MAX) {
    await writeParts(tx, [filled(EVENTS, rows.events.slice(from, from + EVENTS_MAX))]);
  }
  await writeParts(tx, [
    filled(EVENTS, from === 0 ? rows.events : rows.events.slice(from)),
    filled(COUNTED, rows.counted),
    filled(MOVED, rows.moved),
    filled(STEPS, rows.steps),
    filled(ATTEMPTS, rows.attempts),
    filled(MADE, rows.made),
    filled(CHANGED, rows.changed),
    filled(USES, rows.uses),
    filled(CHECKS, rows.checks),
  ]);
}

function changedRows(runs: Iterable<RunState>): Rows {
  const rows: Rows = {
    events: [],
    counted: [],
    moved: [],
    steps: [],
    attempts: [],
    made: [],
    changed: [],
    uses: [],
    checks: [],
  };
  for (const run of runs) {
    if (!run.events) continue;
    for (const event of run.events) rows.events.push(event);
    (run.run.movedSeq > run.loadedVersion ? rows.moved : rows.counted).push(run);
    for (const row of run.steps?.values() ?? []) {
      if (row.changedSeq > run.loadedVersion) rows.steps.push(row);
    }
    for (const row of run.attempts?.values() ?? []) rows.attempts.push(row);
    for (const row of run.artifacts?.values() ?? []) {
      if (row.isNew) rows.made.push({ run, row });
      else if (row.changedSeq > run.loadedVersion) rows.changed.push({ run, row });
    }
    for (const row of run.uses?.values() ?? []) rows.uses.push(row);
    for (const row of run.checks ?? []) rows.checks.push(row);
  }
  return rows;
}

/** A part with its parameters. */
interface Filled {
  readonly part: Part<never>;
  readonly values: readonly string[];
}

function filled<Row>(part: Part<Row>, rows: readonly Row[]): Filled | null {
  if (rows.length === 0) return null;
  return {
    part: part as unknown as Part<never>,
    values: part.columns.map((each) => encode(each, rows)),
  };
}

async function writeParts(tx: Sql, parts: readonly (Filled | null)[]): Promise<void> {
  const present = parts.filter((part) => part !== null);
  await tx.query(
    statementOf(present.map(({ part }) => part)),
    present.flatMap(({ values }) => values),
  );
}

const statements = new Map<string, Statement<unknown>>();

/** The text for these parts; made once for each combination that occurs, a few dozen at most. */
function statementOf(parts: readonly Part<never>[]): Statement<unknown> {
  const others = parts.filter((part) => part !== EVENTS);
  const name = ['log.write', ...others.map((part) => part.name)].join('.');
  let known = statements.get(name);
  if (!known) statements.set(name, (known = statement(name, textOf(parts))));
  return known;
}

function textOf(parts: readonly Part<never>[]): string {
  let parameter = 0;
  const ctes = parts.map((part) => {
    const arrays = part.columns.map((each) => arraySql(each, (parameter += 1)));
    const names = part.columns.map((each) => each.name);
    return part.sql(`unnest(${arrays.join(', ')}) AS a(${names.join(', ')})`);
  });
  return `WITH ${ctes.join(',\n')} SELECT 1`;
}
