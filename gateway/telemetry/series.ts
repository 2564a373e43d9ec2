/**
 * Metrics of what happens with every request. prom-client makes a text of the labels each time to find the series that
 * they name; here a series is found once, by values of which there are few, and what is counted costs an addition.
 * prom-client prints them.
 */
import type { Metric, Registry } from 'prom-client';

/** A metric, as prom-client has it. */
export interface SeriesOptions {
  /** `polyphony_…`, ending in its unit or `_total`. */
  readonly name: string;
  readonly help: string;
  /** One or two. Each pair of their values is a series, which is kept for good. */
  readonly labelNames: readonly string[];
}

/** Counts one more under the values of the labels, in their order; without `second` where there is one. */
export type CounterOf = (first: string, second?: string) => void;
/** Observes a value, in the unit of its name, under the values of the labels, as CounterOf has them. */
export type HistogramOf = (value: number, first: string, second?: string) => void;

/** Registers it. Throws where the registry has one of this name. */
export function openCounter(registry: Registry, options: SeriesOptions): CounterOf {
  const all = new AllSeries(options.labelNames, () => ({ count: 0 }));
  register(registry, 'counter', options, () =>
    all.list().map(({ labels, of }) => ({ labels, value: of.count })),
  );
  return (first, second) => {
    all.of(first, second).count += 1;
  };
}

/** Registers it; throws as `openCounter`. `buckets`: upper bounds, ascending, in the unit of its name. */
export function openHistogram(
  registry: Registry,
  { buckets, ...options }: SeriesOptions & { readonly buckets: readonly number[] },
): HistogramOf {
  const made = () => ({ counts: new Float64Array(buckets.length + 1), sum: 0 });
  const all = new AllSeries(options.labelNames, made);
  register(registry, 'histogram', options, () =>
    all.list().flatMap(({ labels, of: { counts, sum } }) => {
      let count = 0;
      const samples = [...buckets, '+Inf'].map((le, at) => {
        count += counts[at]!;
        return { labels: { le, ...labels }, value: count, metricName: `${options.name}_bucket` };
      });
      return [
        ...samples,
        { labels, value: sum, metricName: `${options.name}_sum` },
        { labels, value: count, metricName: `${options.name}_count` },
      ];
    }),
  );
  return (value, first, second) => {
    const series = all.of(first, second);
    let at = 0;
    while (at < buckets.length && value > buckets[at]!) at += 1;
    series.counts[at]! += 1;
    series.sum += value;
  };
}

type Labels = Readonly<Record<string, string | number>>;

/** What a metric keeps for each pair of values of its labels. */
class AllSeries<Of> {
  readonly #names: readonly string[];
  readonly #make: () => Of;
  readonly #byValues = new Map<string, Map<string, Of>>();

  constructor(names: readonly string[], make: () => Of) {
    this.#names = names;
    this.#make = make;
  }

  of(first: string, second = ''): Of {
    let inner = this.#byValues.get(first);
    if (!inner) this.#byValues.set(first, (inner = new Map()));
    let of = inner.get(second);
    if (!of) inner.set(second, (of = this.#make()));
    return of;
  }

  list(): { labels: Labels; of: Of }[] {
    return [...this.#byValues].flatMap(([first, inner]) =>
      [...inner].map(([second, of]) => {
        const values = [first, second];
        return {
          labels: Object.fromEntries(this.#names.map((name, at) => [name, values[at]!])),
          of,
        };
      }),
    );
  }
}

interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Where it is not the metric's own. */
  readonly metricName?: string;
}

function register(
  registry: Registry,
  type: 'counter' | 'histogram',
  { name, help }: SeriesOptions,
  samples: () => Sample[],
): void {
  const get = () => Promise.resolve({ name, help, type, values: samples(), aggregator: 'sum' });
  registry.registerMetric({ name, get } as unknown as Metric); // Of a metric it asks no more.
}
