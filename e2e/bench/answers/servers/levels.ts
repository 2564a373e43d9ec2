/**
 * The floor of a server that reads its database: node:http and pg, written for these operations alone. One statement
 * a level, objects put together by hand, JSON.stringify.
 */
import { createServer, type ServerResponse } from 'node:http';
import { QUERIES } from '../operations.ts';
import { listen, openPool } from './listen.ts';
import {
  byParent,
  openRows,
  type ArtifactRow,
  type RunRow,
  type StepRow,
  type WorkflowRow,
} from './rows.ts';

const rows = openRows(openPool());

interface Posted {
  readonly query: string;
  readonly variables: { readonly first: number; readonly id: string };
}

const ANSWERS = new Map<string, (variables: Posted['variables']) => object | Promise<object>>([
  [QUERIES.plain.page, ({ first }) => page(first)],
  [QUERIES.plain.run, async ({ id }) => ({ run: await rows.run(id) })],
  [QUERIES.plain.typename, () => ({ __typename: 'Query' })],
]);

async function page(first: number): Promise<object> {
  const workflows = await rows.workflows(first);
  const runs = await rows.runsOf(
    workflows.map(({ uuid }) => uuid),
    5,
  );
  const steps = await rows.stepsOf(
    runs.map(({ uuid }) => uuid),
    10,
  );
  const artifacts = byParent(await rows.artifactsOf(steps, 3), steps.length);
  const stepNodes = steps.map((step, index) => ({
    parent: step.parent,
    node: stepNode(step, artifacts[index]!.map(artifactNode)),
  }));
  const stepsOfRuns = byParent(stepNodes, runs.length);
  const runNodes = runs.map((run, index) => ({
    parent: run.parent,
    node: runNode(
      run,
      stepsOfRuns[index]!.map(({ node }) => node),
    ),
  }));
  const runsOfWorkflows = byParent(runNodes, workflows.length);
  return {
    workflows: {
      nodes: workflows.map((workflow, index) =>
        workflowNode(
          workflow,
          runsOfWorkflows[index]!.map(({ node }) => node),
        ),
      ),
    },
  };
}

function workflowNode({ uuid, name, kind, createdAt }: WorkflowRow, nodes: object[]): object {
  return { uuid, name, kind, createdAt, runs: { nodes } };
}

function runNode(run: RunRow, nodes: object[]): object {
  const { uuid, status, createdAt, startedAt, finishedAt, durationMs, stepsTotal, stepsDone } = run;
  const times = { createdAt, startedAt, finishedAt, durationMs };
  return { uuid, status, ...times, stepsTotal, stepsDone, steps: { nodes } };
}

function stepNode(step: StepRow, nodes: object[]): object {
  const { stepKey, name, status, position, attempt, startedAt, finishedAt, durationMs } = step;
  return {
    stepKey,
    name,
    status,
    position,
    attempt,
    startedAt,
    finishedAt,
    durationMs,
    artifacts: { nodes },
  };
}

function artifactNode({ uuid, name, kind, sizeBytes, quality }: ArtifactRow): object {
  return { uuid, name, kind, sizeBytes, quality };
}

async function answer(posted: string, response: ServerResponse): Promise<void> {
  const { query, variables } = JSON.parse(posted) as Posted;
  const data = await ANSWERS.get(query)!(variables);
  const body = Buffer.from(JSON.stringify({ data }));
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
  });
  response.end(body);
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => void answer(Buffer.concat(chunks).toString(), response));
});
listen(server);
