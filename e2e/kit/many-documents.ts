/** Any number of documents that are all different, in all that a plan, a writer or a statement is made from. */

const RUN =
  `uuid status statusName createdAt startedAt finishedAt updatedAt durationMs stepsTotal stepsDone
  stepsFailed stepsRunning version tags error metadata`.split(/\s+/);
const STEP = 'stepKey name status position attempt startedAt finishedAt durationMs'.split(' ');
const WORKFLOW = 'uuid name kind identity version createdAt updatedAt description'.split(' ');
const ORDERS = ['CREATED_AT', 'DURATION_MS', 'FINISHED_AT', 'STARTED_AT', 'STATUS', 'UPDATED_AT'];
const CONDITIONS = [
  'status: { eq: SUCCEEDED }',
  'stepsDone: { gte: 0 }',
  'version: { lt: 1000000 }',
  'createdAt: { gt: "2001-01-01T00:00:00Z" }',
  'error: { isNull: true }',
  'tags: { hasAny: ["a"] }',
  'durationMs: { gte: 0 }',
  'startedAt: { isNull: false }',
];

/**
 * The document of this number: others have other names, columns, arguments, filters or orders. Most are small and ask
 * no store: what a document costs is to read it, and what it might leave behind it leaves all the same.
 */
export function documentOf(index: number): string {
  const bits = scattered(index);
  if (index % 25 === 0) return pageOf(index, bits);
  if (index % 12 === 1) return listOf(index, bits);
  return index % 12 === 2 ? oneOf(index, bits) : noneOf(index, bits);
}

/** A list with what hangs on its rows. */
function pageOf(index: number, bits: number): string {
  const below = [
    `steps(first: ${1 + (index % 2)}) { nodes { ${chosen(STEP, bits >>> 5)} } }`,
    `workflow { w${index % 7}: ${chosen(WORKFLOW, bits >>> 13)} }`,
    `... @include(if: ${index % 3 > 0}) { ${chosen(RUN, bits >>> 16)} }`,
  ];
  const filter = `filter: { not: { not: { ${chosen(CONDITIONS, bits >>> 1)} } } }`;
  return `query Q${index} { a${index}: runs(first: ${1 + (index % 3)}, ${filter}, ${orderOf(bits)}) {
    nodes { k${index % 11}: ${chosen(RUN, bits >>> 8)} ${below[bits % below.length]} } } }`;
}

/** A list of few columns. */
function listOf(index: number, bits: number): string {
  const filter = `filter: { ${CONDITIONS[bits % CONDITIONS.length]} not: { version: { lt: -${index} } } }`;
  const columns = chosen(RUN, (bits >>> 6) & 0x5);
  return `{ runs(first: ${1 + (index % 3)}, ${filter}, ${orderOf(bits >>> 3)}) { nodes { k${index}: ${columns} } } }`;
}

/** One row, by an id that nobody has. */
function oneOf(index: number, bits: number): string {
  const id = `01a1fedc-0000-7000-8000-${index.toString(16).padStart(12, '0')}`;
  return `{ run(id: "${id}") { ${chosen(RUN, bits & 0x7)} } }`;
}

/** Nothing, of an abstract type. */
function noneOf(index: number, bits: number): string {
  return `{ n${index}: nodes(ids: []) { ... on Run { ${RUN[bits % RUN.length]} } } }`;
}

function orderOf(bits: number): string {
  const field = ORDERS[bits % ORDERS.length]!;
  return `orderBy: [{ field: ${field}, direction: ${bits & 64 ? 'ASC' : 'DESC'} }]`;
}

/** The first always, so that something is chosen, and the others by the bits. */
function chosen(names: readonly string[], bits: number): string {
  return names.filter((_, at) => at === 0 || (bits >>> (at - 1)) & 1).join(' ');
}

/** The same bits for the same number, near numbers far apart. */
function scattered(index: number): number {
  const mixed = Math.imul(index ^ (index >>> 15), 0x2c1b_3c6d);
  return (mixed ^ (mixed >>> 12)) >>> 0;
}
