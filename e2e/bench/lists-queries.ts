/** The lists that users look at, as the website and GraphiQL ask for them. */

const RUN = 'id status createdAt tags';
const ARTIFACT = 'id name kind quality createdAt';
const artifacts = (args: string) => `{ artifacts(first: 20, ${args}) { nodes { ${ARTIFACT} } } }`;
const runs = (args: string) => `{ runs(first: 20, ${args}) { nodes { ${RUN} } } }`;

/** By what a reader of the figures would call them. */
export const LISTS: Readonly<Record<string, string>> = {
  'workflows, newest': '{ workflows(first: 20) { nodes { id name kind } totalCount } }',
  'workflows by quality':
    '{ workflows(first: 20, filter: { quality: { gte: 0.5 } }) { nodes { id name quality } } }',
  'runs, newest': runs('orderBy: [{ field: CREATED_AT, direction: DESC }]'),
  'runs, with total': '{ runs(first: 20) { nodes { id } totalCount } }',
  'runs that failed': runs('filter: { status: { eq: FAILED } }'),
  'runs by duration': runs('orderBy: [{ field: DURATION_MS, direction: DESC }]'),
  'runs by last change': runs('orderBy: [{ field: UPDATED_AT, direction: DESC }]'),
  'runs with a failed step': runs('filter: { steps: { some: { status: { eq: FAILED } } } }'),
  'runs of a kind of workflow': runs('filter: { workflow: { kind: { eq: "genomics" } } }'),
  'artifacts, newest': artifacts('orderBy: [{ field: CREATED_AT, direction: DESC }]'),
  'artifacts by quality': artifacts('orderBy: [{ field: QUALITY, direction: DESC }]'),
  'artifacts of a kind': artifacts('filter: { kind: { eq: "report" } }'),
  'text and quality, common word': artifacts(
    'filter: { search: { matches: "report" }, quality: { gte: 0.9 } }',
  ),
  'text and quality, two words': artifacts(
    'filter: { search: { matches: "genomics report" }, quality: { gte: 0.5 } }',
  ),
  'text and quality, best first': artifacts(
    'filter: { search: { matches: "report" }, quality: { gte: 0.5 } }, orderBy: [{ field: QUALITY, direction: DESC }]',
  ),
  'text, no match': artifacts('filter: { search: { matches: "moonlight" } }'),
  'name contains': artifacts('filter: { name: { contains: "sample-12" } }'),
  'artifacts, with total':
    '{ artifacts(first: 20, filter: { kind: { eq: "report" } }) { totalCount } }',
  'nested page': `{ workflows(first: 20) { nodes { name runs(last: 5) { nodes { status
    steps(first: 10) { nodes { stepKey status artifacts(first: 3) { nodes { name } } } } } } } } }`,
  'runs by day and status': `{ runStats(groupBy: [STATUS], bucket: DAY,
    filter: { createdAt: { gte: "${new Date(Date.now() - 7 * 86_400_000).toISOString()}" } }) { count } }`,
};
