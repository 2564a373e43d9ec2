/**
 * The graph in Neo4j, Community Edition or more, as a projector keeps it: nodes are `(:Node {id, workspaceId, kind,
 * key, name, properties: JSON text, version})`, relations `-[:REL {id, workspaceId, kind, properties, version}]->`. A
 * kind is a property and no label or type: Neo4j never forgets the name of one and takes 65,536 of them, and kinds are
 * anybody's words. Every read is one statement in a READ transaction. Keys are unique in the tables that are the truth;
 * here they may meet for the moment between two batches.
 */
import type { Graph, GraphReads } from '../../resolvers/graph/port.ts';
import {
  neo4jClient,
  type Neo4jCall,
  type Neo4jClient,
  type Reader,
} from './graph-neo4j/client.ts';
import { readAllPaths, readShortestPaths } from './graph-neo4j/paths.ts';
import { readLineage } from './graph-neo4j/lineage.ts';
import { readNetwork } from './graph-neo4j/network.ts';
import {
  readDegrees,
  readNeighbours,
  readNodes,
  readRelationsAmong,
  readTopByDegree,
} from './graph-neo4j/reads.ts';
import { writeBatch } from './graph-neo4j/write.ts';

export interface GraphNeo4jSettings {
  /** bolt, neo4j, or either with +s; may hold user and password, and `?database=`. */
  readonly url: string;
  /** Past it a caller gets Unavailable, and the server ends the transaction. */
  readonly timeout_ms: number;
  readonly connections_max: number;
  /** Told of each statement that was tried. */
  readonly called?: (call: Neo4jCall) => void;
}

export interface GraphNeo4j {
  readonly graph: Graph;
  /** Over the same connections. */
  readonly client: Neo4jClient;
  /** Ends all connections; what is under way fails. */
  close(): Promise<void>;
}

/**
 * Connects, and makes constraints and indexes where they are missing. A server that is away is no failure: calls throw
 * Unavailable until it is there, then all goes on by itself.
 */
export async function openGraphNeo4j(settings: GraphNeo4jSettings): Promise<GraphNeo4j> {
  const client = neo4jClient(settings);
  await client.prepare().catch(() => undefined); // Tried again before each call.
  return {
    graph: { ...neo4jReads(client), write: (...args) => writeBatch(client, ...args) },
    client,
    close: () => client.close(),
  };
}

/** The reads, whatever sends their statements. */
export function neo4jReads(reader: Reader): GraphReads {
  return {
    nodes: (...args) => readNodes(reader, ...args),
    neighbours: (...args) => readNeighbours(reader, ...args),
    network: (...args) => readNetwork(reader, ...args),
    shortestPaths: (...args) => readShortestPaths(reader, ...args),
    allPaths: (...args) => readAllPaths(reader, ...args),
    degrees: (...args) => readDegrees(reader, ...args),
    topByDegree: (...args) => readTopByDegree(reader, ...args),
    relationsAmong: (...args) => readRelationsAmong(reader, ...args),
    lineage: (...args) => readLineage(reader, ...args),
  };
}
