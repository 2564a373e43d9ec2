/** One statement at Neo4j, behind bulkhead and breaker: what it answers, or why it does not. */
import type { Ctx } from '../../../resolvers/context.ts';
import { Refusal, Unavailable } from '../../../resolvers/errors.ts';
import type { Position } from '../../../resolvers/events/feed/position.ts';
import type { GraphReads } from '../../../resolvers/graph/port.ts';
import type { Fallback, GraphTold } from '../../../resolvers/graph/told.ts';
import type { Breaker } from '../breaker.ts';
import type { Bulkhead } from '../bulkhead.ts';
import type { Neo4jClient, Reader } from '../graph-neo4j/client.ts';
import { neo4jReads } from '../graph-neo4j.ts';
import { openArrival, type Arrival } from './arrival.ts';
import { hasSeen, PROJECTED } from './projected.ts';
import type { ProjectionWatch } from './watch.ts';

export interface AttemptParts {
  readonly client: Neo4jClient;
  readonly watch: Pick<ProjectionWatch, 'against'>;
  readonly breaker: Breaker;
  readonly bulkhead: Bulkhead;
  /** Within which Neo4j must answer a read. */
  readonly timeout_ms: number;
  /** How long a read waits for what its consistency token stands for. */
  readonly consistencyWait_ms: number;
  /** An error of Neo4j that is neither an outage nor the caller's. */
  readonly failed: (error: unknown) => void;
}

export type Answer<T> = { readonly value: T } | { readonly reason: Fallback };
export type Call<T> = (reads: GraphReads) => Promise<T>;
/** What of an operation its statements depend on; nothing of one that several share. */
type Terms = Partial<Pick<Ctx, 'consistency' | 'graphTold' | 'signal'>>;
/** Throws what Neo4j refuses as the caller's fault. */
export type Attempt = <T>(call: Call<T>, terms?: Terms) => Promise<Answer<T>>;

/** A read waits so long for its statement to be planned: what another gateway has asked for takes some milliseconds. */
const PLAN_ms = 100;

/** It was not brought so far in time. */
class NotSeen extends Error {}
/** A first run would take longer than a read may. */
class NotPlanned extends Error {}

export function openAttempts(parts: AttemptParts): Attempt {
  const arrival = openArrival(async () => (await parts.client.read(PROJECTED, {}))[0]);

  return async <T>(call: Call<T>, terms: Terms = {}): Promise<Answer<T>> => {
    const against = parts.watch.against();
    if (against) return { reason: against };
    const leave = await parts.bulkhead.enter();
    if (!leave) return { reason: 'busy' };
    const passage = parts.breaker.enter(false);
    try {
      if (!passage) return { reason: 'breaker' };
      const value = await call(neo4jReads(readerOf(parts, arrival, terms)));
      passage.succeeded();
      return { value };
    } catch (error) {
      if (error instanceof NotSeen) {
        passage?.left(); // As small a read as the watch's.
        return { reason: 'token' };
      }
      if (error instanceof NotPlanned) {
        passage?.left();
        return { reason: 'planning' };
      }
      if (error instanceof Unavailable) {
        passage?.failed();
        return { reason: 'away' };
      }
      passage?.left();
      if (error instanceof Refusal) throw error;
      parts.failed(error);
      return { reason: 'failed' };
    } finally {
      leave();
    }
  };
}

/** What sends the statements of one operation: after its token, where it has one, and told where it is explained. */
function readerOf(
  parts: AttemptParts,
  arrival: Arrival,
  { consistency, graphTold, signal }: Terms,
): Reader {
  const { client } = parts;
  const send: Reader['read'] = (statement, parameters) =>
    consistency
      ? readSeen(parts, arrival, consistency, { statement, parameters }, signal)
      : client.read(statement, parameters);
  return {
    async read(statement, parameters) {
      if (!(await client.planned(statement, PLAN_ms))) throw new NotPlanned();
      const ended = toldOf(graphTold, statement.name, parameters);
      const rows = await send(statement, parameters);
      ended?.(rows.length);
      return rows;
    },
  };
}

function toldOf(told: GraphTold | undefined, name: string, parameters: object) {
  return told?.call(name, Object.keys(parameters).length);
}

/**
 * Rows that are not older than the token: of one transaction, in which Neo4j first says how far it is. A transaction
 * sees what was committed before each of its statements, and on a cluster it is on one server. Throws NotSeen.
 */
async function readSeen<Row>(
  { client, timeout_ms, consistencyWait_ms }: AttemptParts,
  arrival: Arrival,
  token: Position,
  read: Parameters<typeof client.readAfter<unknown, Row>>[2],
  signal: Ctx['signal'] | undefined,
): Promise<Row[]> {
  const began_ms = performance.now();
  for (;;) {
    const left_ms = Math.ceil(began_ms + timeout_ms - performance.now());
    if (left_ms < timeout_ms / 4) throw new NotSeen(); // Too little would count as a failure of Neo4j.
    const rows = await client.readAfter(PROJECTED, (row) => hasSeen(row, token), read, left_ms);
    if (rows) return rows;
    const wait_ms = began_ms + consistencyWait_ms - performance.now();
    if (signal?.aborted || wait_ms < 0) throw new NotSeen();
    if (!(await arrival.of(token, wait_ms))) throw new NotSeen();
  }
}
