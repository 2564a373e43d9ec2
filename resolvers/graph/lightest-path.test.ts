import { describe, expect, test } from 'vitest';
import { randomFrom } from '../seed/random.ts';
import { lightestPath, type LightestBounds } from './lightest-path.ts';
import { PAGE_MAX, type GraphNode, type GraphRelation, type NeighbourPage } from './port.ts';

const node = (id: string): GraphNode => ({
  id,
  kind: 'city',
  key: id,
  name: id,
  properties: {},
  version: 1,
});

/** Relations as `from to weight`; a weight of `-` is none. */
function graphOf(lines: readonly string[]) {
  const relations = lines.map((line, at): GraphRelation => {
    const [fromId, toId, weight] = line.split(' ') as [string, string, string];
    const properties = weight === '-' ? {} : { weight: Number(weight) };
    return { id: String(at).padStart(9, '0'), kind: 'road', fromId, toId, properties, version: 1 };
  });
  const reads: (readonly string[])[] = [];
  const read = (ids: readonly string[], after = ''): Promise<NeighbourPage[]> => {
    reads.push(ids);
    return Promise.resolve(
      ids.map((id) => {
        const all = relations.filter((one) => one.fromId === id && one.id > after);
        const items = all.slice(0, PAGE_MAX);
        return {
          items: items.map((relation) => ({ relation, node: node(relation.toId) })),
          hasMore: all.length > PAGE_MAX,
        };
      }),
    );
  };
  const weightOf = ({ properties }: GraphRelation) => (properties['weight'] as number) ?? null;
  const find = (from: string, toId: string, bounds?: LightestBounds) =>
    lightestPath({ from: node(from), toId, read, weightOf, ...(bounds ? { bounds } : {}) });
  return { relations, reads, find };
}

/** The least weights from one, by trying all relations again and again. */
function weightsFrom(from: string, relations: readonly GraphRelation[]): Map<string, number> {
  const least = new Map([[from, 0]]);
  for (let isNews = true; isNews;) {
    isNews = false;
    for (const { fromId, toId, properties } of relations) {
      const weight = properties['weight'] as number | undefined;
      const sum = (least.get(fromId) ?? Infinity) + (weight ?? Infinity);
      if (sum < (least.get(toId) ?? Infinity)) {
        least.set(toId, sum);
        isNews = true;
      }
    }
  }
  return least;
}

const ids = (nodes: readonly GraphNode[] | undefined) => nodes?.map(({ id }) => id);
const chain = (length: number) =>
  Array.from(
    { length },
    (_, at) => `${String(at).padStart(5, '0')} ${String(at + 1).padStart(5, '0')} 1`,
  );

describe('the lightest path', () => {
  test('may be longer than the shortest', async () => {
    const { find } = graphOf(['a d 9', 'a b 2', 'b c 2', 'c d 2', 'a c -', 'd d 0', 'c d 1.5']);
    const { path, cut } = await find('a', 'd');
    expect([ids(path?.nodes), path?.weight, cut]).toEqual([['a', 'b', 'c', 'd'], 5.5, null]);
    expect(path?.relations.map(({ id }) => Number(id))).toEqual([1, 2, 6]);
  });

  test('is none to what is not reached, to itself, and over what has no weight', async () => {
    const { find } = graphOf(['a b 1', 'c a 1', 'b d -', 'a a 1']);
    for (const to of ['c', 'd', 'a', 'nowhere']) {
      expect(await find('a', to)).toEqual({ path: null, cut: null });
    }
  });

  test('is as light as trying everything finds it, on graphs by chance', async () => {
    for (let seed = 1; seed <= 150; seed += 1) {
      const random = randomFrom(seed);
      const whole = (below: number) => Math.floor(random() * below);
      const count = 2 + whole(30);
      const lines = Array.from({ length: whole(4 * count) }, () => {
        const weight = random() < 0.1 ? '-' : String(random() < 0.2 ? 0 : whole(20));
        return `n${whole(count)} n${whole(count)} ${weight}`;
      });
      const { relations, find, reads } = graphOf(lines);
      const least = weightsFrom('n0', relations);
      for (let at = 1; at < count; at += 1) {
        reads.length = 0;
        const { path, cut } = await find('n0', `n${at}`);
        expect([seed, at, path?.weight, cut]).toEqual([seed, at, least.get(`n${at}`), null]);
        for (const [step, relation] of (path?.relations ?? []).entries()) {
          expect([relation.fromId, relation.toId]).toEqual([
            path!.nodes[step]!.id,
            path!.nodes[step + 1]!.id,
          ]);
        }
        expect(new Set(reads.flat()).size).toBe(reads.flat().length); // Each is read once.
      }
    }
  });

  test('goes by all neighbours of one that has more than a page', async () => {
    const spokes = Array.from({ length: 3 * PAGE_MAX + 1 }, (_, at) => `hub s${at} 5`);
    const { find, reads } = graphOf([...spokes, 'a hub 1', `s${3 * PAGE_MAX} z 1`]);
    const { path, cut } = await find('a', 'z');
    expect([ids(path?.nodes), path?.weight, cut]).toEqual([
      ['a', 'hub', `s${3 * PAGE_MAX}`, 'z'],
      7,
      null,
    ]);
    expect(reads.length).toBeLessThan(15); // And not one for each of them.
  });

  test('goes by many such as by one, and past one that has no end of them', async () => {
    const HUBS = 60;
    const lines = [
      ...Array.from({ length: 40 * PAGE_MAX }, (_, at) => `huge h${at} 1`),
      ...Array.from({ length: HUBS }, (_, hub) => [
        `a hub${hub} ${1 + (hub % 3)}`,
        ...Array.from({ length: 2.5 * PAGE_MAX }, (_spoke, at) => `hub${hub} s${hub}.${at} 9`),
      ]).flat(),
      'a huge 8',
      `hub${HUBS - 2} z 4`,
      `hub${HUBS - 1} z 4`,
    ];
    const random = randomFrom(1); // Ids of relations tell nothing of where they begin, as those of uuids do not.
    const { find, reads } = graphOf(
      lines
        .map((line) => ({ line, place: random() }))
        .toSorted((one, other) => one.place - other.place)
        .map(({ line }) => line),
    );
    const { path, cut } = await find('a', 'z');
    expect([ids(path?.nodes), path?.weight, cut]).toEqual([['a', `hub${HUBS - 2}`, 'z'], 6, null]);
    expect(reads.length).toBeLessThan(20); // And not three for each hub.
  });
});

describe('a search ends at each of its bounds, and not before', () => {
  const bounds = { nodes: 100, reads: 100, relations: 100 };

  test('nodes', async () => {
    const { find } = graphOf(chain(20));
    const found = await find('00000', '00020', { ...bounds, nodes: 20 });
    expect([found.path?.weight, found.cut]).toEqual([20, null]);
    const cut = await find('00000', '00020', { ...bounds, nodes: 19 });
    expect(cut).toEqual({ path: null, cut: { by: 'NODES', at: 19 } });
  });

  test('reads', async () => {
    const { find } = graphOf(chain(20));
    expect((await find('00000', '00020', { ...bounds, reads: 20 })).cut).toBeNull();
    expect((await find('00000', '00020', { ...bounds, reads: 19 })).cut).toEqual({
      by: 'READS',
      at: 19,
    });
    const hub = graphOf(Array.from({ length: 2 * PAGE_MAX + 1 }, (_, at) => `hub s${at} ${at}`));
    const wide = { ...bounds, relations: 1_000 };
    expect((await hub.find('hub', 's0', { ...wide, reads: 3 })).cut).toBeNull();
    expect((await hub.find('hub', 's0', { ...wide, reads: 2 })).cut).toEqual({
      by: 'READS',
      at: 2,
    });
  });

  test('relations, with the lightest path that was met', async () => {
    const { find } = graphOf(['a z 9', 'a b 1', 'b z 1']);
    const found = await find('a', 'z', { ...bounds, relations: 3 });
    expect([found.path?.weight, found.cut]).toEqual([2, null]);
    const cut = await find('a', 'z', { ...bounds, relations: 2 });
    expect([cut.path?.weight, cut.cut]).toEqual([9, { by: 'RELATIONS', at: 2 }]);
  });
});

test('a sum beyond the largest number is a path still', async () => {
  const { find } = graphOf(['a b 1e308', 'b z 1e308']);
  const { path, cut } = await find('a', 'z');
  expect([ids(path?.nodes), path?.weight, cut]).toEqual([['a', 'b', 'z'], Number.MAX_VALUE, null]);
});
