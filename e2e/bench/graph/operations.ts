/** The four questions, in the words of each server, and what of an answer must be the same in all. */
import { readNeighbours } from '../../../gateway/stores/graph-neo4j/reads.ts';
import { readNetwork } from '../../../gateway/stores/graph-neo4j/network.ts';
import { readShortestPaths } from '../../../gateway/stores/graph-neo4j/paths.ts';
import type { Cypher, Neo4jClient } from '../../../gateway/stores/graph-neo4j/client.ts';
import { neo4jReads } from '../../../gateway/stores/graph-neo4j.ts';
import { lineagesOfArtifacts } from '../../../resolvers/artifacts/lineage.ts';
import type { Ctx } from '../../../resolvers/context.ts';
import { globalId } from '../../../resolvers/keys.ts';
import { LOCAL_VIEWER } from '../../../resolvers/policy.ts';

export const OPERATION_NAMES = ['neighbours', 'network', 'shortest', 'lineage'] as const;
export type OperationName = (typeof OPERATION_NAMES)[number];
/** How what a thing was made of is known. */
export type LineageBy = 'steps' | 'derived';
export type ServerName = 'ours' | 'bare' | 'neo4j-graphql';

/** Ids where a question begins and, of paths, ends. */
export interface Asked {
  readonly from: string;
  readonly to: string;
}

const FIRST = 50;
const NODES = 1_000;
const DEPTH = 3;
const LINEAGE_DEPTH = 6;
const ARTIFACTS = 200;
const PATH_DEPTH = 8;
const OUT = 'direction: OUT';

const OURS: Record<OperationName, string> = {
  neighbours: `query ($from: ID!) { entity(id: $from) { neighbours(${OUT}, relationKinds: ["links"], first: ${FIRST}) { nodes { key name } } } }`,
  network: `query ($from: ID!) { network(roots: [$from], ${OUT}, relationKinds: ["links"], depth: ${DEPTH}, first: ${NODES}) { nodes { entity { key name } } } }`,
  shortest: `query ($from: ID!, $to: ID!) { shortestPath(from: $from, to: $to, ${OUT}, relationKinds: ["links"], depth: ${PATH_DEPTH}) { path { nodes { key name } } } }`,
  lineage: `query ($from: ID!) { artifactLineage(id: $from, direction: UPSTREAM, depth: ${LINEAGE_DEPTH}, first: ${ARTIFACTS}) { nodes { artifact { key: uuid name } } } }`,
};

/** `field` names the next, through what is between. */
const nested = (field: (inner: string) => string, depth: number): string =>
  depth === 0 ? 'key name' : `key name ${field(nested(field, depth - 1))}`;
const MADE: Record<LineageBy, (inner: string) => string> = {
  steps: (inner) => `madeBy { uses { ${inner} } }`,
  derived: (inner) => `madeOf { ${inner} }`,
};
const those = (what: 'places' | 'things', selected: string) =>
  `query ($from: ID!) { ${what}(where: { id: { eq: $from } }) { ${selected} } }`;
const theirs = (by: LineageBy): Record<OperationName, string> => ({
  neighbours: those('places', 'linksTo { key name }'),
  network: those(
    'places',
    nested((inner) => `linksTo { ${inner} }`, DEPTH),
  ),
  shortest: 'query ($from: ID!, $to: ID!) { shortest(from: $from, to: $to) { key name } }',
  lineage: those('things', nested(MADE[by], LINEAGE_DEPTH)),
});

/** What is posted. */
export function bodyOf(
  server: ServerName,
  operation: OperationName,
  asked: Asked,
  by: LineageBy,
): string {
  if (server === 'bare') return JSON.stringify(cypherOf(operation, asked).parameters);
  const query = (server === 'ours' ? OURS : theirs(by))[operation];
  const type = operation === 'lineage' ? 'Artifact' : 'Entity';
  const [from, to] = [asked.from, asked.to].map((id) =>
    server === 'ours' ? globalId(type, id) : id,
  );
  return JSON.stringify({ query, variables: operation === 'shortest' ? { from, to } : { from } });
}

/** The statement that the gateway's adapter makes of a question. */
export function cypherOf(operation: OperationName, { from, to }: Asked) {
  const made: { text: string; parameters: object }[] = [];
  const client = {
    read: ({ text }: Cypher<unknown>, parameters: object) => {
      made.push({ text, parameters });
      return Promise.resolve([]);
    },
  } as unknown as Neo4jClient;
  const { workspaceId } = LOCAL_VIEWER;
  const walk = (kind: string) => ({ direction: 'OUT', relationKinds: [kind] }) as const;
  const asks: Record<OperationName, () => Promise<unknown>> = {
    neighbours: () => readNeighbours(client, workspaceId, [from], walk('links'), { first: FIRST }),
    network: () =>
      readNetwork(client, workspaceId, [from], walk('links'), {
        depth: DEPTH,
        nodes: NODES,
        nodesOnly: true,
      }),
    shortest: () =>
      readShortestPaths(
        client,
        workspaceId,
        [{ fromId: from, toId: to }],
        walk('links'),
        PATH_DEPTH,
      ),
    lineage: () =>
      lineagesOfArtifacts(
        { viewer: LOCAL_VIEWER, graphFor: () => neo4jReads(client) } as unknown as Ctx,
        [{ id: from }],
        'UPSTREAM',
        { depth: LINEAGE_DEPTH, first: ARTIFACTS, nodesOnly: true },
      ),
  };
  void asks[operation]().catch(() => undefined); // Asks before it waits for anything; nothing is answered.
  return made[0]!;
}

/** A record of the bare driver: nodes are lists of ids, kinds, keys … (rows.ts). */
interface BareRecord {
  readonly nodes?: readonly (readonly unknown[])[] | null;
  readonly has?: readonly (readonly unknown[])[];
}

/**
 * What of an answer is the same in all: keys of the places found, ids of a lineage; of a shortest path, of which there
 * may be several, how many.
 */
export function essenceOf(server: ServerName, operation: OperationName, text: string): string {
  const answer = JSON.parse(text) as unknown;
  const keys = server === 'bare' ? bareKeys(answer as BareRecord[]) : keysOf(answer);
  if (operation === 'shortest') return String(keys.length);
  return [...new Set(keys.map(String))].toSorted((a, b) => (a < b ? -1 : 1)).join(' ');
}

function bareKeys(records: readonly BareRecord[]): unknown[] {
  const KEYS = 2;
  return records.flatMap(({ nodes, has = [] }) => [
    ...(nodes?.[KEYS] ?? []),
    ...has.flatMap(([what, id]) => (what === 'met' ? [id] : [])),
  ]);
}

function keysOf(answer: unknown): unknown[] {
  const { errors } = answer as { readonly errors?: readonly { readonly message: string }[] };
  if (errors) throw new Error(errors[0]!.message);
  const keys: unknown[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('key' in value) keys.push(value.key);
    for (const each of Object.values(value)) visit(each);
  };
  visit(answer);
  return keys;
}
