/** The mutations of workflows and runs, as tests send them. */
import { newId } from '../../resolvers/keys.ts';
import type { TestGraph } from './graph.ts';

const REGISTER = `mutation ($input: RegisterWorkflowInput!) { registerWorkflow(input: $input) {
  __typename
  ... on RegisteredWorkflow { workflow { id uuid name identity version } version { id number hash stepCount edgeCount } }
  ... on Invalid { message issues { path message } }
  ... on Conflict { expected actual }
} }`;
const RUN = `
  __typename
  ... on Run { id uuid status statusName version tags metadata stepsTotal stepsDone retryOf { id }
    steps { nodes { stepKey status } } events { nodes { seq type actor payload } } }
  ... on Refusal { code message }
  ... on Invalid { issues { path message } }
  ... on Conflict { expected actual }`;
export const START = `mutation ($input: StartRunInput!) { startRun(input: $input) { ${RUN} } }`;
const APPEND = `mutation ($input: AppendRunEventsInput!) { appendRunEvents(input: $input) {
  __typename
  ... on AppendedEvents { status version fence events { eventId seq repeated } run { status stepsDone } }
  ... on Refusal { code message }
  ... on Invalid { issues { path message } }
} }`;

export interface RunAnswer {
  __typename: string;
  id: string;
  uuid: string;
  status: string;
  statusName: string | null;
  version: number;
  tags: string[];
  metadata: object;
  stepsTotal: number;
  stepsDone: number;
  retryOf: { id: string } | null;
  steps: { nodes: { stepKey: string; status: string }[] };
  events: { nodes: { seq: number; type: string; actor: string; payload: object }[] };
  code?: string;
  message?: string;
  issues?: { path: string; message: string }[];
}

/** a; then b and c; then d. */
export const DIAMOND = {
  key: 'diamond',
  name: 'Diamond',
  kind: 'test',
  steps: [
    { key: 'a' },
    { key: 'b', parents: ['a'] },
    { key: 'c', parents: ['a'] },
    { key: 'd', parents: ['b', 'c'] },
  ],
};

/** What a worker says, happening now. */
export function event(type: string, stepKey: string | null = null, payload: object = {}) {
  return { eventId: newId(), type, stepKey, occurredAt: new Date().toISOString(), payload };
}

/** Functions that send one mutation each and answer its result, success or refusal. */
export function commandsOver(graph: TestGraph) {
  async function register(input: object): Promise<Record<string, never>> {
    const { registerWorkflow } = await graph.data<{ registerWorkflow: Record<string, never> }>(
      REGISTER,
      { input },
    );
    return registerWorkflow;
  }
  async function mutate(field: string, type: string, input: object): Promise<RunAnswer> {
    const source = `mutation ($input: ${type}!) { ${field}(input: $input) { ${RUN} } }`;
    return (await graph.data<Record<string, RunAnswer>>(source, { input }))[field]!;
  }
  async function start(input: object = {}): Promise<RunAnswer> {
    const { workflow } = (await register(DIAMOND)) as unknown as { workflow: { id: string } };
    const { startRun } = await graph.data<{ startRun: RunAnswer }>(START, {
      input: { workflowId: workflow.id, ...input },
    });
    return startRun;
  }
  async function append(runId: string, events: object[], fence: string | null = null) {
    const { appendRunEvents } = await graph.data<{
      appendRunEvents: {
        __typename: string;
        fence: string;
        status: string;
        version: number;
        events: { seq: number; repeated: boolean }[];
        code?: string;
        issues?: { path: string }[];
      };
    }>(APPEND, { input: { runId, events, fence } });
    return appendRunEvents;
  }
  return { register, mutate, start, append };
}
