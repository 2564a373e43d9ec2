/** `Ctx.graphFor` of a gateway with Neo4j: each read by the route of route.ts. Decision 0012 says why it is so. */
import type { Ctx } from '../../../resolvers/context.ts';
import { ROOTS_MAX, type GraphReads } from '../../../resolvers/graph/port.ts';
import { openRoute, type RouteParts } from './route.ts';

/** Operations share a statement for so many pages of neighbours, each of at most PAGE_MAX … */
const PAGES_MAX = 100;
/** … and for so many walks, each with bounds of its own. */
const WALKS_MAX = 16;

/** Makes `Ctx.graphFor`. */
export function graphRouter(parts: RouteParts): (ctx: Ctx) => GraphReads {
  const { alone, together } = openRoute(parts);
  return (ctx) => ({
    nodes: (workspaceId, roots) =>
      together(ctx, 'nodes', { roots, how: [workspaceId], roots_max: ROOTS_MAX }, (reads, all) =>
        reads.nodes(workspaceId, all),
      ),
    neighbours: (workspaceId, roots, walk, page) =>
      together(
        ctx,
        'neighbours',
        { roots, how: [workspaceId, walk, page], roots_max: PAGES_MAX },
        (reads, all) => reads.neighbours(workspaceId, all, walk, page),
      ),
    network: (...args) => alone(ctx, 'network', args[1].length, (reads) => reads.network(...args)),
    shortestPaths: (workspaceId, roots, walk, depth) =>
      together(
        ctx,
        'shortestPaths',
        { roots, how: [workspaceId, walk, depth], roots_max: WALKS_MAX },
        (reads, all) => reads.shortestPaths(workspaceId, all, walk, depth),
      ),
    allPaths: (...args) => alone(ctx, 'allPaths', 1, (reads) => reads.allPaths(...args)),
    degrees: (workspaceId, roots, kinds) =>
      together(
        ctx,
        'degrees',
        { roots, how: [workspaceId, kinds], roots_max: ROOTS_MAX },
        (reads, all) => reads.degrees(workspaceId, all, kinds),
      ),
    topByDegree: (...args) => alone(ctx, 'topByDegree', 0, (reads) => reads.topByDegree(...args)),
    relationsAmong: (...args) =>
      alone(ctx, 'relationsAmong', args[1].length, (reads) => reads.relationsAmong(...args)),
    lineage: (workspaceId, roots, way, bounds) =>
      together(
        ctx,
        'lineage',
        { roots, how: [workspaceId, way, bounds], roots_max: WALKS_MAX },
        (reads, all) => reads.lineage(workspaceId, all, way, bounds),
      ),
  });
}
