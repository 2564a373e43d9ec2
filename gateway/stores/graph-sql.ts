/**
 * The graph over the tables that are its truth: graph_node and graph_relation. Walks are one statement each: those of
 * networks go level by level in a recursive term that has a row per level, those of paths in functions of the migration.
 */
import type { Graph } from '../../resolvers/graph/port.ts';
import type { Sql } from '../../resolvers/sql.ts';
import { readLineage } from './graph-sql/lineage.ts';
import { readNetwork } from './graph-sql/network.ts';
import { readAllPaths, readShortestPaths } from './graph-sql/paths.ts';
import {
  readDegrees,
  readNeighbours,
  readNodes,
  readRelationsAmong,
  readTopByDegree,
} from './graph-sql/reads.ts';
import { writeBatch } from './graph-sql/write.ts';

/** The graph of this store, with the deadlines of its pool. */
export function graphOverSql({ sql }: { readonly sql: Sql }): Graph {
  return {
    nodes: (...args) => readNodes(sql, ...args),
    neighbours: (...args) => readNeighbours(sql, ...args),
    network: (...args) => readNetwork(sql, ...args),
    shortestPaths: (...args) => readShortestPaths(sql, ...args),
    allPaths: (...args) => readAllPaths(sql, ...args),
    degrees: (...args) => readDegrees(sql, ...args),
    topByDegree: (...args) => readTopByDegree(sql, ...args),
    relationsAmong: (...args) => readRelationsAmong(sql, ...args),
    lineage: (...args) => readLineage(sql, ...args),
    write: (...args) => writeBatch(sql, ...args),
  };
}
