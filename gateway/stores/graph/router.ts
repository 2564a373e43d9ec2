/** `Ctx.graphFor` of a gateway with Neo4j: each read by the route of route.ts. Decision 0012 says why it is so. */
import type { Ctx } from '../../../resolvers/context.ts';
import type { GraphReads } from '../../../resolvers/graph/port.ts';
import { openRoute, type RouteParts } from './route.ts';

/**
 * Makes `Ctx.graphFor`. A read that Neo4j does not answer is asked of SQL, within the deadline of its operation; what
 * Neo4j refuses (Invalid, Limited) is refused: SQL would say the same.
 */
export function graphRouter(parts: RouteParts): (ctx: Ctx) => GraphReads {
  const { alone, together } = openRoute(parts);
  return (ctx) => ({
    nodes: (workspaceId, roots) =>
      together(ctx, 'nodes', { roots, how: [workspaceId] }, (reads, all) =>
        reads.nodes(workspaceId, all),
      ),
    neighbours: (workspaceId, roots, walk, page) =>
      together(ctx, 'neighbours', { roots, how: [workspaceId, walk, page] }, (reads, all) =>
        reads.neighbours(workspaceId, all, walk, page),
      ),
    network: (...args) => alone(ctx, 'network', args[1].length, (reads) => reads.network(...args)),
    shortestPaths: (workspaceId, roots, walk, depth) =>
      together(ctx, 'shortestPaths', { roots, how: [workspaceId, walk, depth] }, (reads, all) =>
        reads.shortestPaths(workspaceId, all, walk, depth),
      ),
    allPaths: (...args) => alone(ctx, 'allPaths', 1, (reads) => reads.allPaths(...args)),
    degrees: (workspaceId, roots, kinds) =>
      together(ctx, 'degrees', { roots, how: [workspaceId, kinds] }, (reads, all) =>
        reads.degrees(workspaceId, all, kinds),
      ),
    topByDegree: (...args) => alone(ctx, 'topByDegree', 0, (reads) => reads.topByDegree(...args)),
    relationsAmong: (...args) =>
      alone(ctx, 'relationsAmong', args[1].length, (reads) => reads.relationsAmong(...args)),
    lineage: (workspaceId, roots, way, bounds) =>
      together(ctx, 'lineage', { roots, how: [workspaceId, way, bounds] }, (reads, all) =>
        reads.lineage(workspaceId, all, way, bounds),
      ),
  });
}
