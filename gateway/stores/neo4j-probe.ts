/** What a Neo4j is, how it does and how far the graph in it is, for doctor. Changes nothing there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { covers, type Position } from '../../resolvers/events/feed/position.ts';
import { redactUrl } from '../config-docs.ts';
import { codeOf } from './graph-neo4j/failures.ts';
import { cypher, neo4jClient, SCHEMA_NAMES, type Reader } from './graph-neo4j/client.ts';
import { positionOf, PROJECTED, type Projected } from './graph/projected.ts';
import type { Finding } from './probe.ts';

export interface Neo4jProbe {
  /** Null when it does not answer. */
  readonly version: string | null;
  /** `community`, `enterprise`. */
  readonly edition: string | null;
  /** Of one statement. */
  readonly latency_ms: number | null;
  /** Of the graph there: `behind` when it did not have all that was committed as doctor began. */
  readonly projection: 'absent' | 'incomplete' | 'another epoch' | 'behind' | 'up to date' | null;
  readonly findings: readonly Finding[];
}

/** The first whose Cypher we write. */
const MAJOR_min = 5;
/** A projection has so long to get to where the feed stood. */
const CATCH_UP_ms = 3_000;
const LOOK_ms = 100;
/** Longer than reads of a gateway wait: a server that has just begun plans each statement for a second or more. */
const PATIENCE_ms = 10_000;

const SERVER = cypher<{ version: string; edition: string }>(
  'doctor.server',
  `CALL dbms.components() YIELD name, versions, edition WHERE name = 'Neo4j Kernel'
  RETURN versions[0] AS version, edition`,
);

const INDEXES = cypher<{ name: string; state: string }>(
  'doctor.indexes',
  `SHOW INDEXES YIELD name, state WHERE name STARTS WITH 'polyphony_'`,
);

/** Asks it. `now`: where the change feed stands, null where that is not known. Never rejects: what is wrong is a finding. */
export async function probeNeo4j(url: string, now: Position | null): Promise<Neo4jProbe> {
  const timeout_ms = PATIENCE_ms;
  const client = neo4jClient({ url, timeout_ms, connections_max: 2, leavesSchema: true });
  try {
    await client.read(SERVER, {}); // The first opens a connection, and is planned.
    const began_ms = performance.now();
    const [server] = await client.read(SERVER, {});
    const latency_ms = performance.now() - began_ms;
    const { version = 'unknown', edition = 'unknown' } = server ?? {};
    const indexes = await client.read(INDEXES, {});
    const projection = await projectionOf(client, now);
    const online = indexes.filter(({ state }) => state === 'ONLINE').map(({ name }) => name);
    const findings = neo4jFindings({ version, online, projection });
    return { version, edition, latency_ms, projection, findings };
  } catch (error) {
    const findings = [unreached(error, redactUrl(url))];
    return { version: null, edition: null, latency_ms: null, projection: null, findings };
  } finally {
    await client.close();
  }
}

/** Waits a moment for what was just committed. */
async function projectionOf(
  reader: Reader,
  now: Position | null,
): Promise<NonNullable<Neo4jProbe['projection']>> {
  const until_ms = performance.now() + CATCH_UP_ms;
  for (;;) {
    const [projected] = await reader.read(PROJECTED, {});
    const found = standOf(projected, now);
    if (found !== 'behind' || performance.now() > until_ms) return found;
    await sleep(LOOK_ms);
  }
}

function standOf(projected: Projected | undefined, now: Position | null) {
  if (!projected) return 'absent';
  if (!projected.complete) return 'incomplete';
  if (now && projected.epoch !== now.epoch) return 'another epoch';
  return now && !covers(positionOf(projected), now) ? 'behind' : 'up to date';
}

/** What an answer that did not come means. */
export function unreached(error: unknown, url: string): Finding {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const why = error instanceof Error ? error.message : 'no answer';
  if (codeOf(cause)?.startsWith('Neo.ClientError.Security.')) {
    return {
      level: 'problem',
      what: `Neo4j at ${url} refuses our credentials. SQL answers in its place.`,
      repair: 'Put its user and password into NEO4J_URL: neo4j://user:password@host.',
    };
  }
  if (codeOf(cause) === 'Neo.ClientError.Database.DatabaseNotFound') {
    return {
      level: 'problem',
      what: `Neo4j at ${url} has no such database. SQL answers in its place.`,
      repair: 'Name one that it has by ?database= in NEO4J_URL.',
    };
  }
  return {
    level: 'warning',
    what: `Neo4j at ${url} does not answer: ${why}. SQL answers in its place.`,
    repair: 'Start it, or mend NEO4J_URL. The gateway finds it by itself then.',
  };
}

const STANDS: Readonly<Record<string, readonly [what: string, repair: string]>> = {
  absent: [
    'Nothing is projected into Neo4j: SQL answers in its place.',
    'Start a gateway with this NEO4J_URL: it brings everything by itself.',
  ],
  incomplete: [
    'The graph in Neo4j is not whole yet: SQL answers in its place.',
    'A running gateway goes on with it. If none gets on, see its log for why.',
  ],
  'another epoch': [
    'The graph in Neo4j is of another epoch of the change feed: SQL answers in its place.',
    'Postgres was restored, or NEO4J_URL is that of another installation. A running gateway brings everything anew.',
  ],
  behind: [
    `The graph in Neo4j did not get to where the change feed was ${CATCH_UP_ms / 1_000} s ago.`,
    'See the log of the gateways for what keeps their projector from it. SQL answers once NEO4J_STALE_MAX_MS is passed.',
  ],
};

/** What is wrong with one that answers. */
export function neo4jFindings({
  version,
  online,
  projection,
}: {
  readonly version: string;
  /** Names of the indexes that are in use. */
  readonly online: readonly string[];
  readonly projection: Neo4jProbe['projection'];
}): Finding[] {
  const findings: Finding[] = [];
  if (Number.parseInt(version, 10) < MAJOR_min) {
    const what = `Neo4j is ${version}, which does not know the Cypher that we send.`;
    findings.push({ level: 'problem', what, repair: `Use Neo4j ${MAJOR_min} or newer.` });
  }
  const missing = SCHEMA_NAMES.filter((name) => !online.includes(name));
  // Before the first gateway came there are none, and nothing is wrong.
  if (missing.length > 0 && projection !== 'absent') {
    findings.push({
      level: 'problem',
      what: `Neo4j lacks ${missing.join(', ')}, or is still making them: what is looked up there takes as long as all there is.`,
      repair:
        'Wait for SHOW INDEXES to show them ONLINE; if they are not there, restart a gateway, which makes them.',
    });
  }
  const [what, repair] = STANDS[projection ?? ''] ?? [];
  if (what && repair) findings.push({ level: 'warning', what, repair });
  return findings;
}
