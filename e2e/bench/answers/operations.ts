/** What is asked of every server, each in its own words; the answers are the same (normal.ts). */

export type OperationName = 'page' | 'outline' | 'run' | 'typename';

/** Whose words: a schema with our names, or the one that PostGraphile makes from the tables. */
export type Dialect = 'plain' | 'postgraphile';

/** Workflows of a page; with their runs, steps and artifacts about two thousand objects. */
const WORKFLOWS = 20;

const RUN = 'status createdAt startedAt finishedAt durationMs stepsTotal stepsDone';
const STEP = 'stepKey name status position attempt startedAt finishedAt durationMs';
const NEWEST = 'orderBy: [CREATED_AT_DESC, ROW_ID_DESC]';

/** The text of each operation. A page has all that a screen may show; its outline is the same objects by name and state. */
export const QUERIES: Readonly<Record<Dialect, Readonly<Record<OperationName, string>>>> = {
  plain: {
    page: `query($first: Int!) { workflows(first: $first) { nodes { uuid name kind createdAt
      runs(first: 5) { nodes { uuid ${RUN}
        steps(first: 10) { nodes { ${STEP}
          artifacts(first: 3) { nodes { uuid name kind sizeBytes quality } } } } } } } } }`,
    outline: `query($first: Int!) { workflows(first: $first) { nodes { name
      runs(first: 5) { nodes { status
        steps(first: 10) { nodes { stepKey status
          artifacts(first: 3) { nodes { name } } } } } } } } }`,
    run: `query($id: ID!) { run(id: $id) { uuid ${RUN} tags } }`,
    typename: '{ __typename }',
  },
  postgraphile: {
    page: `query($first: Int!) { workflows: allWorkflows(first: $first, ${NEWEST}) { nodes {
      uuid: rowId name kind createdAt
      runs: runsByWorkflowId(first: 5, ${NEWEST}) { nodes { uuid: rowId ${RUN}
        steps: stepRunsByRunId(first: 10, orderBy: POSITION_ASC) { nodes { ${STEP}
          artifacts: artifactsByRunIdAndStepKey(first: 3, ${NEWEST}) { nodes {
            uuid: rowId name kind sizeBytes quality } } } } } } } } }`,
    outline: `query($first: Int!) { workflows: allWorkflows(first: $first, ${NEWEST}) { nodes { name
      runs: runsByWorkflowId(first: 5, ${NEWEST}) { nodes { status
        steps: stepRunsByRunId(first: 10, orderBy: POSITION_ASC) { nodes { stepKey status
          artifacts: artifactsByRunIdAndStepKey(first: 3, ${NEWEST}) { nodes { name } } } } } } } } }`,
    run: `query($id: UUID!) { run: runByRowId(rowId: $id) { uuid: rowId ${RUN} tags } }`,
    typename: '{ __typename }',
  },
};

export const OPERATION_NAMES = Object.keys(QUERIES.plain) as readonly OperationName[];

/** Bodies to post, to be sent one after the other and again: of `run` one for each id, else one. */
export function bodiesOf(
  operation: OperationName,
  dialect: Dialect,
  runIds: readonly string[],
): readonly string[] {
  const query = QUERIES[dialect][operation];
  const body = (variables?: object) => JSON.stringify({ query, variables });
  if (operation === 'run') return runIds.map((id) => body({ id }));
  return [operation === 'typename' ? body() : body({ first: WORKFLOWS })];
}
