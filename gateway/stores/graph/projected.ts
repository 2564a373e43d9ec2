/** How far the graph in Neo4j is, as its projector has written it there. */
import { covers, type Position } from '../../../resolvers/events/feed/position.ts';
import { SHAPE } from '../../../resolvers/graph/projection.ts';
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
  /** Null where it was set by hand. */
  readonly shape: number | null;
}

/** One row, or none. */
export const PROJECTED = cypher<Projected>(
  'graph.projected',
  `MATCH (p:Projection {name: 'graph'})
  RETURN p.epoch AS epoch, p.snapshot AS snapshot, p.xid AS xid, p.at AS at, p.complete AS complete,
    p.shape AS shape`,
);

/** What was given to it of the change feed. */
export function positionOf({ epoch, snapshot, xid, at }: Projected): Position {
  return { epoch, from: snapshot, xid, at };
}

/** Whether it holds what this gateway looks for: one of before would answer of what it lacks that there is none. */
export function isOurs({ shape }: Projected): boolean {
  return shape === SHAPE;
}

/**
 * Whether reads that begin now, on the server that has said this, have all that the token stands for: what is written
 * to Neo4j is committed together with the position, and nothing that is committed is taken back.
 */
export function hasSeen(projected: Projected | undefined, token: Position): boolean {
  return projected?.complete === true && isOurs(projected) && covers(positionOf(projected), token);
}
