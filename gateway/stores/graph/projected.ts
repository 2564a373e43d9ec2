/** How far the graph in Neo4j is, as its projector has written it there. */
import { covers, type Position } from '../../../resolvers/events/feed/position.ts';
import { cypher } from '../graph-neo4j/client.ts';

/** Of the node that is the projection's state; resolvers/graph/projection.ts says what keeps it. */
export interface Projected {
  readonly epoch: number;
  /** `from` of a Position. */
  readonly snapshot: string;
  readonly xid: string;
  readonly at: string;
  /** False while a first rebuild has not brought everything. */
  readonly complete: boolean;
}

/** One row, or none. */
export const PROJECTED = cypher<Projected>(
  'graph.projected',
  `MATCH (p:Projection {name: 'graph'})
  RETURN p.epoch AS epoch, p.snapshot AS snapshot, p.xid AS xid, p.at AS at, p.complete AS complete`,
);

/** What was given to it of the change feed. */
export function positionOf({ epoch, snapshot, xid, at }: Projected): Position {
  return { epoch, from: snapshot, xid, at };
}

/**
 * Whether reads that begin now, on the server that has said this, have all that the token stands for: what is written
 * to Neo4j is committed together with the position, and nothing that is committed is taken back.
 */
export function hasSeen(projected: Projected | undefined, token: Position): boolean {
  return projected?.complete === true && covers(positionOf(projected), token);
}
