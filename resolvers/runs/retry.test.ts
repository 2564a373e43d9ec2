import { expect, test } from 'vitest';
import { keptSteps } from './retry.ts';

const edge = (fromKey: string, toKey: string) => ({ fromKey, toKey });

test('what waits for a step that is done again is done again, however far', () => {
  const steps = ['a', 'b', 'c', 'd', 'alone'];
  const edges = [edge('a', 'b'), edge('b', 'c'), edge('c', 'd')];
  expect(keptSteps(steps, edges, ['b'])).toEqual(['a', 'alone']);
  expect(keptSteps(steps, edges, [])).toEqual(steps);
  expect(keptSteps(steps, edges, ['a', 'alone'])).toEqual([]);
});

test('a step that waits for two is kept only when both are', () => {
  const edges = [edge('a', 'c'), edge('b', 'c')];
  expect(keptSteps(['a', 'b', 'c'], edges, ['b'])).toEqual(['a']);
});

test('a graph of many paths is walked once', () => {
  const width = 200;
  const layers = Array.from({ length: 30 }, (_, layer) =>
    Array.from({ length: width }, (__, at) => `${layer}:${at}`),
  );
  const edges = layers
    .slice(1)
    .flatMap((layer, at) =>
      layer.flatMap((to) => layers[at]!.slice(0, 5).map((from) => edge(from, to))),
    );
  expect(keptSteps(layers.flat(), edges, layers[0]!)).toEqual([]);
});
