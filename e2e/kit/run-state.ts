/** The state of a run, followed live or asked for afresh, in one shape: so that the two can be compared. */
import type { Followed } from '../../client/client.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from './ask.ts';
import type { ArtifactState, RunState, StepState } from './history.ts';

/** An item of the subscription `run`. */
export interface StateItem {
  readonly type: 'SNAPSHOT' | 'CHANGE';
  readonly reason: string | null;
  readonly cursor: string;
  readonly run: RunState;
  readonly steps: readonly (StepState & { readonly id: string })[];
  readonly artifacts: readonly (ArtifactState & { readonly id: string })[];
}

/** All of a run, steps by key and artifacts by name. */
export interface WholeState {
  readonly run: RunState;
  readonly steps: ReadonlyMap<string, StepState & { readonly id: string }>;
  readonly artifacts: ReadonlyMap<string, ArtifactState & { readonly id: string }>;
}

const RUN = 'version status statusName stepsDone stepsFailed stepsRunning';
const STEP = 'id stepKey status attempt progress message changedSeq';
const ARTIFACT = 'id name kind sizeBytes uri';

export const STATE_SUBSCRIPTION = `subscription RunState($runId: ID!, $after: Cursor) {
  run(id: $runId, after: $after) {
    type reason cursor run { ${RUN} } steps { ${STEP} } artifacts { ${ARTIFACT} }
  }
}`;

/** Ready to be followed by our client. */
export function wholeState(runId: string, after: string | null = null): Followed<StateItem> {
  return {
    query: STATE_SUBSCRIPTION,
    variables: { runId },
    field: 'run',
    after,
    version: ({ run }) => run.version,
  };
}

/** What a client holds that has got these items, as docs/PROTOCOL.md tells it to merge them. */
export function openMerge() {
  let run: RunState | undefined;
  const steps = new Map<string, StateItem['steps'][number]>();
  const artifacts = new Map<string, StateItem['artifacts'][number]>();
  return {
    take(item: StateItem): void {
      if (item.type === 'SNAPSHOT') {
        steps.clear();
        artifacts.clear();
      }
      ({ run } = item);
      for (const step of item.steps) {
        const before = steps.get(step.stepKey);
        if (!before || before.changedSeq <= step.changedSeq) steps.set(step.stepKey, step);
      }
      for (const artifact of item.artifacts) artifacts.set(artifact.name, artifact);
    },
    now: (): WholeState | null => (run ? { run, steps, artifacts } : null),
  };
}

/**
 * What a query answers now, page by page. Of a run that rests: pages are read one after the other. A gateway that is
 * away is waited for; `url` says where to ask now.
 */
export async function freshState(url: string | (() => string), runId: string): Promise<WholeState> {
  const { run } = await patiently<{ run: RunState }>(url, FRESH, { runId });
  const steps = await allOf<StateItem['steps'][number]>(url, runId, 'steps', STEP);
  const artifacts = await allOf<StateItem['artifacts'][number]>(url, runId, 'artifacts', ARTIFACT);
  return {
    run,
    steps: new Map(steps.map((step) => [step.stepKey, step])),
    artifacts: new Map(artifacts.map((artifact) => [artifact.name, artifact])),
  };
}

const FRESH = `query ($runId: ID!) { run(id: $runId) { ${RUN} } }`;

interface Nodes<Node> {
  readonly nodes: readonly Node[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
}

interface Page<Node> {
  readonly run: Readonly<Record<string, Nodes<Node>>>;
}

async function allOf<Node>(
  url: string | (() => string),
  runId: string,
  list: string,
  fields: string,
) {
  const query = `query ($runId: ID!, $after: Cursor) { run(id: $runId) {
    ${list}(first: 100, after: $after) { nodes { ${fields} } pageInfo { hasNextPage endCursor } }
  } }`;
  const nodes: Node[] = [];
  for (let after: string | null = null; ;) {
    const { run }: Page<Node> = await patiently<Page<Node>>(url, query, { runId, after });
    const page: Nodes<Node> = run[list]!;
    nodes.push(...page.nodes);
    if (!page.pageInfo.hasNextPage) return nodes;
    after = page.pageInfo.endCursor;
  }
}

const AGAIN_ms = 50;

async function patiently<Data>(
  url: string | (() => string),
  query: string,
  variables: object,
): Promise<Data> {
  for (;;) {
    const answer = await ask<Data>(typeof url === 'string' ? url : url(), query, variables);
    if ('data' in answer) return answer.data;
    if ('refused' in answer && answer.refused !== 'UNAVAILABLE') {
      throw new Error(JSON.stringify(answer));
    }
    await sleep(AGAIN_ms);
  }
}
