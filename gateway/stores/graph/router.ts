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
    nodes: together(ctx, 'nodes', ROOTS_MAX, (reads, ...args) => reads.nodes(...args)),
    neighbours: together(ctx, 'neighbours', PAGES_MAX, (reads, ...args) =>
      reads.neighbours(...args),
    ),
    network: (...args) => alone(ctx, 'network', args[1].length, (reads) => reads.network(...args)),
    shortestPaths: together(ctx, 'shortestPaths', WALKS_MAX, (reads, ...args) =>
      reads.shortestPaths(...args),
    ),
    allPaths: (...args) => alone(ctx, 'allPaths', 1, (reads) => reads.allPaths(...args)),
    degrees: together(ctx, 'degrees', ROOTS_MAX, (reads, ...args) => reads.degrees(...args)),
    topByDegree: (...args) => alone(ctx, 'topByDegree', 0, (reads) => reads.topByDegree(...args)),
    relationsAmong: (...args) =>
      alone(ctx, 'relationsAmong', args[1].length, (reads) => reads.relationsAmong(...args)),
    lineage: together(ctx, 'lineage', WALKS_MAX, (reads, ...args) => reads.lineage(...args)),
  });
}
