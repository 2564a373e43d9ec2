/** What is asked of every server, each in its own words; the answers are the same (normal.ts). */

export type OperationName = 'page' | 'run' | 'typename';

/** Whose words: a schema with our names, or the one that PostGraphile makes from the tables. */
export type Dialect = 'plain' | 'postgraphile';

/** Workflows of the page; with their runs, steps and artifacts about two thousand objects. */
const WORKFLOWS = 20;

const RUN = 'status createdAt startedAt finishedAt durationMs stepsTotal stepsDone';
const STEP = 'stepKey name status position attempt startedAt finishedAt durationMs';
const NEWEST = 'orderBy: [CREATED_AT_DESC, ROW_ID_DESC]';

/** The text of each operation. */
export const QUERIES: Readonly<Record<Dialect, Readonly<Record<OperationName, string>>>> = {
  plain: {
    page: `query($first: Int!) { workflows(first: $first) { nodes { uuid name kind createdAt
      runs(first: 5) { nodes { uuid ${RUN}
        steps(first: 10) { nodes { ${STEP}
          artifacts(first: 3) { nodes { uuid name kind sizeBytes quality } } } } } } } } }`,
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
  if (operation === 'page') return [body({ first: WORKFLOWS })];
  return operation === 'run' ? runIds.map((id) => body({ id })) : [body()];
}
