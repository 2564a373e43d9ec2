/** What is told of reads of the graph: which store answered, and why not Neo4j. */

/** Why SQL answers a read, where there is a Neo4j. */
export const FALLBACKS = {
  unknown: 'how far Neo4j is has not been looked up yet',
  absent: 'nothing is projected into it',
  incomplete: 'the projection is not whole yet',
  shape: 'what is projected is not what this gateway reads',
  epoch: 'the projection is of another epoch of the change feed',
  behind: 'the projection is too far behind',
  away: 'it did not answer, or not in time',
  breaker: 'it did not answer of late and is left alone',
  planning: 'it still plans the statement',
  busy: 'too many reads are at it',
  token: 'it does not have what the consistency token asks for',
  failed: 'it answered with an error that is ours',
} as const;

export type Fallback = keyof typeof FALLBACKS;

/** Is told of one operation, where it is explained. */
export interface GraphTold {
  /** A read begins, of so many roots; the answer is called at its end, unless it throws. */
  read(name: string, roots: number): (store: 'neo4j' | 'postgres', reason: Fallback | null) => void;
  /** A statement of Neo4j begins; the answer is called with its rows. */
  call(statement: string, values: number): (rows: number) => void;
}
