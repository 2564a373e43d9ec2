/** Lineage in the plainest way there is, over lists of pairs: what random tests hold answers against. */
import type { Lineage, LineageDirection, LineageEnd } from '../../resolvers/artifacts/lineage.ts';

/** Artifacts, and how they came about. Steps by any name that is theirs alone. */
export interface LineageWorld {
  readonly makers: ReadonlyMap<string, string>;
  readonly uses: readonly (readonly [step: string, artifactId: string])[];
  readonly derivations: readonly (readonly [string, string])[];
}

/** What `plainLineage` makes of an answer. */
export interface PlainLineage {
  readonly nodes: readonly (readonly [id: string, depth: number, hasMore: boolean])[];
  /** `from > to`, in order. */
  readonly edges: readonly string[];
  readonly cut: Lineage['cut'];
}

/** An answer, in the words of a world whose steps have these names. */
export function plainLineage(
  { nodes, edges, cut }: Lineage,
  nameOf: (step: { readonly runId: string; readonly stepKey: string }) => string,
): PlainLineage {
  const name = (end: LineageEnd) => ('artifactId' in end ? end.artifactId : nameOf(end));
  return {
    nodes: nodes.map(({ artifactId, depth, hasMore }) => [artifactId, depth, hasMore]),
    edges: edges.map(({ from, to }) => `${name(from)} > ${name(to)}`).toSorted(),
    cut,
  };
}

/** artifactLineage by its definition, word by word. No bound on edges. */
export function naiveLineage(
  world: LineageWorld,
  root: string,
  direction: LineageDirection,
  depth: number,
  first: number,
): PlainLineage {
  const sides = (['UPSTREAM', 'DOWNSTREAM'] as const)
    .filter((side) => direction === 'BOTH' || direction === side)
    .map((side) => {
      const neighbours = (id: string) => neighboursOf(world, id, side);
      const distances = new Map([[root, 0]]);
      for (let at = 0; at < depth; at += 1) {
        const level = [...distances].filter(([, distance]) => distance === at).map(([id]) => id);
        for (const next of level.flatMap(neighbours)) {
          if (!distances.has(next)) distances.set(next, at + 1);
        }
      }
      const near = new Map([...distances].toSorted(byDistance).slice(0, first));
      return { side, neighbours, near };
    });
  const depths = new Map<string, number>();
  for (const { side, near } of sides) {
    for (const [id, distance] of near) {
      const known = depths.get(id);
      if (known === undefined || distance < Math.abs(known)) {
        depths.set(id, side === 'UPSTREAM' ? 0 - distance : distance);
      }
    }
  }
  const kept = new Map([...depths].toSorted(byDistance).slice(0, first));
  const open = sides.flatMap(({ near, neighbours }) =>
    [...near]
      .filter(([id]) => kept.has(id) && neighbours(id).some((next) => !kept.has(next)))
      .map(([id, distance]) => ({ id, distance })),
  );
  const edges = sides.flatMap(({ side, near }) => {
    const inside = (id: string) => near.has(id) && kept.has(id);
    const up = side === 'UPSTREAM';
    const made = [...world.makers].filter(([id]) => (up ? inside(id) : kept.has(id)));
    const used = world.uses.filter(([, id]) => (up ? kept.has(id) : inside(id)));
    const nextTo = new Set(up ? made.map(([, step]) => step) : used.map(([step]) => step));
    const leadsOn = (step: string) => {
      const far = up
        ? world.uses.filter(([by]) => by === step).map(([, id]) => id)
        : [...world.makers].filter(([, by]) => by === step).map(([id]) => id);
      return far.length === 0 || far.some((id) => kept.has(id));
    };
    const steps = new Set([...nextTo].filter(leadsOn));
    return [
      ...made.filter(([, step]) => steps.has(step)).map(([id, step]) => `${step} > ${id}`),
      ...used.filter(([step]) => steps.has(step)).map(([step, id]) => `${id} > ${step}`),
      ...world.derivations
        .filter(([from, to]) => kept.has(from) && kept.has(to) && inside(up ? to : from))
        .map(([from, to]) => `${from} > ${to}`),
    ];
  });
  return {
    nodes: [...kept].map(([id, at]) => [id, at, open.some((end) => end.id === id)]),
    edges: [...new Set(edges)].toSorted(),
    cut:
      open.length === 0 ? null : open.some(({ distance }) => distance < depth) ? 'FIRST' : 'DEPTH',
  };
}

function neighboursOf(world: LineageWorld, id: string, side: 'UPSTREAM' | 'DOWNSTREAM'): string[] {
  const { makers, uses, derivations } = world;
  if (side === 'UPSTREAM') {
    return [
      ...uses.filter(([step]) => step === makers.get(id)).map(([, used]) => used),
      ...derivations.filter(([, to]) => to === id).map(([from]) => from),
    ];
  }
  const steps = uses.filter(([, used]) => used === id).map(([step]) => step);
  return [
    ...[...makers].filter(([, step]) => steps.includes(step)).map(([made]) => made),
    ...derivations.filter(([from]) => from === id).map(([, to]) => to),
  ];
}

function byDistance([a, x]: readonly [string, number], [b, y]: readonly [string, number]): number {
  return Math.abs(x) - Math.abs(y) || (a < b ? 1 : -1);
}
