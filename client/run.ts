/** The live fields of a run, ready to be followed. docs/PROTOCOL.md shows them as messages. */
import { operation, textOf, type Operation } from './operation.ts';
import type { Followed } from './transport.ts';

/** An event of a run, as `runEvents` below asks for it unless told otherwise. */
export interface RunEvent {
  /** From 1, without a gap. */
  readonly seq: number;
  readonly eventId: string;
  readonly type: string;
  readonly stepKey: string | null;
  readonly attempt: number | null;
  /** ISO 8601, the worker's clock. */
  readonly occurredAt: string;
  /** ISO 8601, the gateway's clock. */
  readonly recordedAt: string;
  readonly actor: string;
  readonly payload: unknown;
  readonly cursor: string;
}

/** What every selection of an event must hold. */
export interface SelectedEvent {
  readonly seq: number;
  readonly type: string;
  readonly cursor: string;
}

const EVENTS: Operation<{ runEvents: RunEvent }, never> =
  operation(`subscription RunEvents($runId: ID!, $after: Cursor, $types: [EventType!]) {
  runEvents(runId: $runId, after: $after, types: $types) {
    ... on RunEvent { seq eventId type stepKey attempt occurredAt recordedAt actor payload cursor }
  }
}`);

const EVENTS_PAGE: Operation<{ runEvents: EventPage<RunEvent> | null }, never> =
  operation(`query RunEventsPage($runId: ID!, $after: Cursor) {
  runEvents(runId: $runId, after: $after, first: 1000) {
    nodes {
      ... on RunEvent { seq eventId type stepKey attempt occurredAt recordedAt actor payload cursor }
    }
    pageInfo { hasNextPage endCursor }
  }
}`);

const STATE: Operation<{ run: RunUpdate<object, object> }, never> =
  operation(`subscription RunState($runId: ID!, $after: Cursor) {
  run(id: $runId, after: $after) {
    type reason cursor
    run {
      version
      ... on Run { id }
    }
    steps {
      ... on StepRun { id }
    }
  }
}`);

export interface RunEventsOptions {
  /** Cursor of the last event that the caller has; without it from the first. */
  readonly after?: string | null;
  /** Only these; without it all. */
  readonly types?: readonly string[];
  /** Fields of an event in GraphQL; `seq type cursor` must be among them. */
  readonly select?: string;
}

/** Every event of a run, in order, each once; passes by all three transports. */
export function runEvents<Event extends SelectedEvent = RunEvent>(
  runId: string,
  { after = null, types, select }: RunEventsOptions = {},
): Followed<Event> {
  const wanted = types ? new Set(types) : null;
  return {
    query: textOf(EVENTS, { RunEvent: select }),
    variables: { runId, types: types ?? null },
    field: 'runEvents',
    after,
    version: ({ seq }) => seq,
    poll: {
      query: textOf(EVENTS_PAGE, { RunEvent: select }),
      page(data) {
        const { runEvents: found } = data as { readonly runEvents: EventPage<Event> };
        const nodes = wanted ? found.nodes.filter(({ type }) => wanted.has(type)) : found.nodes;
        return {
          items: nodes.map((item) => ({ item, cursor: item.cursor })),
          more: found.pageInfo.hasNextPage,
          after: found.pageInfo.endCursor,
        };
      },
    },
  };
}

interface EventPage<Event> {
  readonly nodes: readonly Event[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** An item of a run's state. Merge what it holds by id; of each id the newer counts. */
export interface RunUpdate<Run, Step> {
  /** SNAPSHOT replaces all that the caller has of the run. */
  readonly type: 'SNAPSHOT' | 'CHANGE';
  /** Why the caller is told to start over; null for a first snapshot and for changes. */
  readonly reason: string | null;
  readonly cursor: string;
  readonly run: Run & { readonly version: number };
  /** All of them in a snapshot, else those that changed. */
  readonly steps: readonly Step[];
}

/** The state of a run and its steps. `run` and `steps` are fields in GraphQL. */
export function runState<Run, Step>(
  runId: string,
  select: { readonly run: string; readonly steps: string; readonly after?: string | null },
): Followed<RunUpdate<Run, Step>> {
  return {
    query: textOf(STATE, { Run: select.run, StepRun: select.steps }),
    variables: { runId },
    field: 'run',
    after: select.after ?? null,
    version: ({ run }) => run.version,
  };
}
