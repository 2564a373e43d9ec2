/** What is walked: places that lead to others by chance, and layers of things, each made of two of the layer before. */
import type { GraphNode, GraphRelation } from '../../../resolvers/graph/port.ts';
import { randomUuid } from '../../kit/naive-graph.ts';
import { dice, type Dice } from '../../kit/random-world.ts';

export interface BenchGraph {
  readonly nodes: readonly GraphNode[];
  readonly relations: readonly GraphRelation[];
}

/** Artifacts, each made of two, now and then of one. */
export interface BenchThings {
  readonly things: readonly { readonly id: string; readonly name: string }[];
  readonly made: readonly (readonly [upstreamId: string, downstreamId: string])[];
}

const LAYERS = 8;

/** The same of the same seed. `each`: links that begin at a place, on average. */
export function placesGraph(seed: number, links: number, each: number): BenchGraph {
  const random = dice(seed);
  const nodes = Array.from({ length: Math.ceil(links / each) }, (_, at) =>
    node(random, 'place', `p${at}`),
  );
  const any = () => nodes[Math.floor(random() * nodes.length)]!;
  const relations = Array.from({ length: links }, () => relation(random, 'links', any(), any()));
  return { nodes, relations };
}

/** The last layer first in `things`; a pair is [of, made]. */
export function layersOfThings(seed: number, width: number): BenchThings {
  const random = dice(seed);
  const layers = Array.from({ length: LAYERS }, (_, depth) =>
    Array.from({ length: width }, (_none, at) => ({
      id: uuid(random),
      name: `The thing ${depth}-${at}`,
    })),
  ).toReversed();
  const made = layers
    .slice(0, -1)
    .flatMap((layer, at) =>
      layer.flatMap(({ id }) =>
        [0, 1].map(() => [layers[at + 1]![Math.floor(random() * width)]!.id, id] as const),
      ),
    );
  return { things: layers.flat(), made };
}

/** Of version 4, as clients must name it. */
function uuid(random: Dice): string {
  const any = randomUuid(random);
  return `${any.slice(0, 14)}4${any.slice(15, 19)}a${any.slice(20)}`;
}

function node(random: Dice, kind: string, key: string): GraphNode {
  return {
    id: uuid(random),
    kind,
    key,
    name: `The ${kind} ${key}`,
    properties: {},
    version: 1,
  };
}

function relation(random: Dice, kind: string, from: GraphNode, to: GraphNode): GraphRelation {
  const ends = { fromId: from.id, toId: to.id };
  return { id: uuid(random), kind, properties: {}, version: 1, ...ends };
}
