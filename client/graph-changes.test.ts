import { expect, test } from 'vitest';
import { mergeGraph, type GraphUpdate } from './graph-changes.ts';

const entity = (id: string, version: number) => ({
  id,
  kind: 'thing',
  key: id,
  name: id,
  properties: {},
  version,
});
const relation = (id: string, version: number) => ({
  id,
  kind: 'leads',
  from: { id: 'a' },
  to: { id: 'b' },
  properties: {},
  version,
});
const update = (parts: Partial<GraphUpdate>): GraphUpdate => ({
  type: 'CHANGE',
  reason: null,
  cursor: '',
  entities: [],
  relations: [],
  removed: [],
  cut: null,
  ...parts,
});
const whole = mergeGraph(
  null,
  update({
    type: 'SNAPSHOT',
    entities: [entity('a', 3), entity('b', 1)],
    relations: [relation('r', 5)],
  }),
);

test('what left is taken out and what came is put in; what is made again by an id may be older', () => {
  const merged = mergeGraph(
    whole,
    update({
      removed: ['b', 'r', 'nobody'],
      entities: [entity('c', 1)],
      relations: [relation('r', 1)],
    }),
  );
  expect([...merged.entities.keys()]).toEqual(['a', 'c']);
  expect(merged.relations.get('r')).toEqual(relation('r', 1));
});

test('a change never takes an entity back to an older version, a snapshot may', () => {
  const older = { entities: [entity('a', 2)] };
  expect(mergeGraph(whole, update(older)).entities.get('a')?.version).toBe(3);
  const anew = mergeGraph(whole, update({ type: 'SNAPSHOT', ...older }));
  expect([...anew.entities.values()]).toEqual([entity('a', 2)]);
  expect(anew.relations.size).toBe(0);
});
