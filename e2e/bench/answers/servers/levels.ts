/**
 * The floor of a server that reads its database: node:http and pg, written for these operations alone. One statement
 * a level, objects put together by hand, JSON.stringify.
 */
import { createServer, type ServerResponse } from 'node:http';
import { QUERIES } from '../operations.ts';
import { listen, openPool } from './listen.ts';
import {
  openRows,
  type ArtifactRow,
  type Child,
  type Rows,
  type RunRow,
  type StepRow,
  type WorkflowRow,
} from './rows.ts';

const pool = openPool();
const whole = openRows(pool);
const outline = openRows(pool, true);

interface Posted {
  readonly query: string;
  readonly variables: { readonly first: number; readonly id: string };
}

const ANSWERS = new Map<string, (variables: Posted['variables']) => object | Promise<object>>([
  [QUERIES.plain.page, ({ first }) => page(whole, NODES, first)],
  [QUERIES.plain.outline, ({ first }) => page(outline, OUTLINE_NODES, first)],
  [QUERIES.plain.run, async ({ id }) => ({ run: await whole.run(id) })],
  [QUERIES.plain.typename, () => ({ __typename: 'Query' })],
]);

/** What an answer shows of a row, with the nodes below it. */
interface Nodes {
  readonly workflow: (row: WorkflowRow, nodes: object[]) => object;
  readonly run: (row: RunRow, nodes: object[]) => object;
  readonly step: (row: StepRow, nodes: object[]) => object;
  readonly artifact: (row: ArtifactRow) => object;
}

async function page(read: Rows, nodes: Nodes, first: number): Promise<object> {
  const topRows = await read.workflows(first);
  const runRows = await read.runsOf(uuidsOf(topRows), 5);
  const stepRows = await read.stepsOf(uuidsOf(runRows), 10);
  const artifactRows = await read.artifactsOf(stepRows, 3);
  const artifacts = nodesByParent(artifactRows, stepRows.length, nodes.artifact);
  const steps = nodesByParent(stepRows, runRows.length, (row, at) =>
    nodes.step(row, artifacts[at]!),
  );
  const runs = nodesByParent(runRows, topRows.length, (row, at) => nodes.run(row, steps[at]!));
  return { workflows: { nodes: topRows.map((row, at) => nodes.workflow(row, runs[at]!)) } };
}

function uuidsOf(rows: readonly { readonly uuid: string }[]): string[] {
  return rows.map(({ uuid }) => uuid);
}

/** The nodes of each parent, in order. */
function nodesByParent<Row>(
  rows: readonly Child<Row>[],
  parents: number,
  node: (row: Row, at: number) => object,
): object[][] {
  const lists = Array.from({ length: parents }, (): object[] => []);
  rows.forEach((row, at) => lists[row.parent - 1]!.push(node(row, at)));
  return lists;
}

const OUTLINE_NODES: Nodes = {
  workflow: ({ name }, nodes) => ({ name, runs: { nodes } }),
  run: ({ status }, nodes) => ({ status, steps: { nodes } }),
  step: ({ stepKey, status }, nodes) => ({ stepKey, status, artifacts: { nodes } }),
  artifact: ({ name }) => ({ name }),
};

const NODES: Nodes = {
  workflow: ({ uuid, name, kind, createdAt }, nodes) => ({
    uuid,
    name,
    kind,
    createdAt,
    runs: { nodes },
  }),
  run: (
    { uuid, status, createdAt, startedAt, finishedAt, durationMs, stepsTotal, stepsDone },
    nodes,
  ) => ({
    uuid,
    status,
    createdAt,
    startedAt,
    finishedAt,
    durationMs,
    stepsTotal,
    stepsDone,
    steps: { nodes },
  }),
  step: (
    { stepKey, name, status, position, attempt, startedAt, finishedAt, durationMs },
    nodes,
  ) => ({
    stepKey,
    name,
    status,
    position,
    attempt,
    startedAt,
    finishedAt,
    durationMs,
    artifacts: { nodes },
  }),
  artifact: ({ uuid, name, kind, sizeBytes, quality }) => ({
    uuid,
    name,
    kind,
    sizeBytes,
    quality,
  }),
};

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
