/**
 * What may be believed of what is read: for each domain its truth, its copies, what a reader of each may rely on, and
 * the test that holds it. docs/CONSISTENCY.md is printed from this table; e2e/consistency-docs.test.ts finds the tables
 * that no row names, and the tests that are not there.
 */

/**
 * What a reader may rely on, in the words of the field: Terry, "Replicated Data Consistency Explained Through
 * Baseball", CACM 56 (12), 2013.
 */
export const GUARANTEES = {
  strong: 'A read that begins after a write was answered sees it.',
  causal:
    'A read that carries the `consistency` token of a write sees it, from whatever store answers. Without one it may be behind, by as much as the copy is.',
  eventual: 'A read may be behind; while the stores are there, by no more than is said.',
} as const;

/** A test, by its file and the words of its title. */
type Holder = readonly [file: string, title: string];

/** Where something can be read, and how far it can be trusted there. */
interface Place {
  readonly where: string;
  readonly guarantee: keyof typeof GUARANTEES;
  readonly but?: string;
  readonly heldBy: Holder;
}

/** One domain. */
export interface Kept {
  readonly what: string;
  /** Its tables; what is written in them is true. */
  readonly tables: readonly string[];
  readonly truth: Place;
  readonly copies: readonly Place[];
}

export const KEPT: readonly Kept[] = [
  {
    what: 'workspaces',
    tables: ['workspace', 'idempotency_key'],
    truth: strong(
      'resolvers/artifacts/commands.test.ts',
      'sent twice with a key it is stored once',
    ),
    copies: [],
  },
  {
    what: 'workflows, versions, steps, edges',
    tables: ['workflow', 'workflow_version', 'step', 'edge'],
    truth: strong('resolvers/runs/store-version.test.ts', 'many at once store one workflow'),
    copies: [],
  },
  {
    what: 'runs, step runs, attempts, events',
    tables: ['run', 'step_run', 'attempt', 'run_event', 'run_heartbeat'],
    truth: strong(
      'resolvers/events/append/fold.test.ts',
      'the rows of a run are what folding its log',
    ),
    copies: [
      {
        where: 'what `run` and `runEvents` push',
        guarantee: 'eventual',
        but: 'at once over the bus, within two looks at the heads (LIVE_HEADS_MS) without; each event once, in order',
        heldBy: ['e2e/joiners.test.ts', 'the last message of a run is lost'],
      },
      {
        where: 'what `runs` pushes',
        guarantee: 'eventual',
        but: 'in the end what a fresh query answers; never back',
        heldBy: ['resolvers/live/lists/run-list-model.test.ts', 'through 75 writes'],
      },
    ],
  },
  {
    what: 'quality of runs',
    tables: ['run_quality'],
    truth: strong('resolvers/runs/quality.test.ts', 'what is kept is what the artifacts say'),
    copies: [],
  },
  {
    what: 'artifacts, checks, lineage',
    tables: ['artifact', 'artifact_use', 'artifact_derivation', 'artifact_check'],
    truth: strong('resolvers/artifacts/quality.test.ts', 'of twenty callers at once none is lost'),
    copies: [
      inNeo4j(
        'Neo4j, lineage alone',
        'gateway/graph-lineage.contract.ts',
        'with a token lineage is that of now',
      ),
    ],
  },
  {
    what: 'agents, configurations, assignments',
    tables: ['agent', 'agent_configuration', 'run_agent'],
    truth: strong('resolvers/agents/commands.test.ts', 'configurations are numbered without gaps'),
    copies: [inNeo4j('Neo4j, relations and networks alone')],
  },
  {
    what: 'documents',
    tables: ['document'],
    truth: strong('schema/knowledge.test.ts', 'twenty at once on one key are one document'),
    copies: [
      {
        where: 'vectors of documents and artifacts, in Postgres',
        guarantee: 'eventual',
        but: 'as far behind as the embedder, which the metric of its lag tells; search says so while it is away',
        heldBy: [
          'resolvers/knowledge/embedding-worker.test.ts',
          'embeds what was there, then what changes',
        ],
      },
      inNeo4j('Neo4j, mentions alone'),
    ],
  },
  {
    what: 'entities, their relations, mentions',
    tables: ['graph_node', 'graph_relation'],
    truth: strong('resolvers/graph/write.test.ts', 'many who write the same at once make it once'),
    copies: [
      inNeo4j('Neo4j'),
      {
        where: 'what `graphChanges` pushes',
        guarantee: 'eventual',
        but: 'in the end what a fresh walk of Postgres says; never back',
        heldBy: ['resolvers/live/graph/graph-model.test.ts', 'through 60 writes'],
      },
    ],
  },
];

/** The truth in Postgres. */
function strong(...heldBy: Holder): Place {
  return { where: 'Postgres', guarantee: 'strong', heldBy };
}

/** What the projector keeps. */
function inNeo4j(
  where: string,
  ...[
    file = 'gateway/graph.test.ts',
    title = 'with a token what was written is seen',
  ]: Partial<Holder>
): Place {
  const but =
    'one that is further behind than NEO4J_STALE_MAX_MS, or away, is not read: Postgres answers';
  return { where, guarantee: 'causal', but, heldBy: [file, title] };
}

const HEAD = `# What may be believed

A field may come from any store. This page says, for each domain, where its truth lies, which copies there are, what a reader of each may rely on, and the test that holds it. It is printed from \`resolvers/consistency.ts\` by \`npm run generate\`.

`;

/** docs/CONSISTENCY.md, whole. */
export function printConsistencyDocs(): string {
  const words = Object.entries(GUARANTEES).map(([name, meaning]) => `- **${name}**: ${meaning}`);
  const rows = KEPT.flatMap(({ what, truth, copies }) => [
    rowOf(what, `**${truth.where}**`, truth),
    ...copies.map((copy) => rowOf('', copy.where, copy)),
  ]);
  return `${HEAD}${words.join('\n')}\n\n${TABLE}${rows.join('')}`;
}

const TABLE = `| what | where (truth in bold) | guarantee | held by |
|---|---|---|---|
`;

function rowOf(what: string, where: string, { guarantee, but, heldBy }: Place): string {
  const said = but === undefined ? guarantee : `${guarantee}: ${but}`;
  return `| ${what} | ${where} | ${said} | \`${heldBy[0]}\`: ${heldBy[1]} |\n`;
}
