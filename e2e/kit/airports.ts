/** A few airports and what leads from one to another, and a hub with many neighbours: what tests walk. */
import type { GraphWrites, Written } from '../../resolvers/graph/write.ts';
import { globalId } from '../../resolvers/keys.ts';

const AIRPORTS = ['AUS', 'CDG', 'JFK', 'LHR', 'SYD'];
const ROUTES = [
  ['CDG', 'JFK', 3_636],
  ['JFK', 'AUS', 1_520],
  ['CDG', 'LHR', 216],
  ['LHR', 'AUS', 4_900],
  ['JFK', 'JFK', 0],
] as const;
export const ROUTES_COUNT = ROUTES.length;
/** Neighbours of the hub. */
export const SPOKES = 130;
/** Every how many of them is rare. */
export const RARE = 13;

const airport = (key: string) => ({ kind: 'airport', key });

/** Writes them. Answers global ids by key. */
export async function seedAirports(
  write: (writes: GraphWrites) => Promise<Written>,
): Promise<ReadonlyMap<string, string>> {
  const spokes = Array.from({ length: SPOKES }, (_, at) => ({
    kind: 'spoke',
    key: `s${at}`,
    properties: { rare: at % RARE === 0 },
  }));
  const nodes = [
    ...AIRPORTS.map(airport),
    { kind: 'country', key: 'FR', name: 'France' },
    { kind: 'hub', key: 'hub' },
    ...spokes,
  ];
  const relations = [
    ...ROUTES.map(([from, to, dist]) => ({
      kind: 'route',
      from: airport(from),
      to: airport(to),
      properties: { dist },
    })),
    { kind: 'contains', from: { kind: 'country', key: 'FR' }, to: airport('CDG') },
    ...spokes.map((to) => ({ kind: 'spoke', from: { kind: 'hub', key: 'hub' }, to })),
  ];
  const written = await write({ nodes, relations });
  return new Map(
    nodes.map(({ key }, at) => [key, globalId('Entity', written.nodes[at]!.id)] as const),
  );
}
