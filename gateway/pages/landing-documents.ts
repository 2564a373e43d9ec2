/** What the landing page asks its gateway, beside what the client asks for it: the same that anybody may ask. */
import { ACTIVE, ENDED } from './board.ts';

/** Fields of a PageRun, besides those that every live list holds. */
export const SELECTED =
  'status statusName stepsTotal stepsDone stepsFailed startedAt updatedAt durationMs workflow { name }';
const RUN = `id uuid version createdAt ${SELECTED}`;

/** Those that go on are shown up to so many. */
export const ACTIVE_MAX = 50;
/** Those that ended are shown up to so many. */
export const ENDED_MAX = 12;

const ACTIVE_LIST = `runs(filter: { status: { in: [${ACTIVE.join(' ')}] } }, first: ${ACTIVE_MAX})`;
const ENDED_LIST = `runs(filter: { status: { in: [${ENDED.join(' ')}] } }, first: ${ENDED_MAX}, orderBy: { field: UPDATED_AT, direction: DESC })`;
const COUNTS = 'runStats(groupBy: [STATUS]) { status count }';

/** The page as it is sent. */
export const LANDING_QUERY = `query LandingRuns {
  active: ${ACTIVE_LIST} { nodes { ${RUN} } }
  ended: ${ENDED_LIST} { nodes { ${RUN} } }
  ${COUNTS}
}`;

/** For the browser: where nothing can be pushed … */
export const ACTIVE_NOW = `query ActiveRuns { ${ACTIVE_LIST} { nodes { ${RUN} } } }`;
export const COUNTS_NOW = `query RunCounts { ${COUNTS} }`;

/** … how the runs ended that left the list … */
export const BY_ID = `query RunsById($ids: [ID!]!) { nodes(ids: $ids) { ... on Run { ${RUN} } } }`;

/** … and after a restore. */
export const ENDED_LATELY = `query EndedRuns { ${ENDED_LIST} { nodes { ${RUN} } } }`;
