import { Counter, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { openCounter, openHistogram } from './series.ts';

const HISTOGRAM = {
  name: 'of_values',
  help: 'Values.',
  labelNames: ['kind', 'outcome'],
  buckets: [0.1, 1, 10],
};
const COUNTER = { name: 'of_things', help: 'Things.', labelNames: ['kind'] };

test('what is counted here is printed as prom-client prints what it counts itself', async () => {
  const ours = new Registry();
  const theirs = new Registry();
  const histogram = openHistogram(ours, HISTOGRAM);
  const counter = openCounter(ours, COUNTER);
  const itsHistogram = new Histogram({ ...HISTOGRAM, registers: [theirs] });
  const itsCounter = new Counter({ ...COUNTER, registers: [theirs] });
  // At a bound, between two, past all; under labels that must be escaped.
  for (const [value, kind, outcome] of [
    [0.1, 'query', 'ok'],
    [0.05, 'query', 'ok'],
    [0.5, 'query', 'ok'],
    [10.01, 'query', 'failed'],
    [10, 'a "b"\\\n', 'ok'],
  ] as const) {
    histogram(value, kind, outcome);
    itsHistogram.observe({ kind, outcome }, value);
    counter(kind);
    itsCounter.inc({ kind });
  }
  expect(await ours.metrics()).toBe(await theirs.metrics());
});
