/** The graph in Neo4j: whether it is read, how far it is behind, and why SQL answered instead. */
import { Gauge, type Registry } from 'prom-client';
import type { Fallback } from '../../resolvers/graph/told.ts';
import type { BreakerState } from '../stores/breaker.ts';
import { openCounter } from './series.ts';

export interface GraphUse {
  /** Whether reads go to Neo4j now. */
  readonly isRead: boolean;
  readonly breaker: BreakerState;
  /** What Neo4j shows may be so old, at most; null while unknown. */
  readonly stale_ms: number | null;
  /** Reads at it now, and those that wait for a connection. */
  readonly busy: number;
  readonly waiting: number;
}

const STATES: readonly BreakerState[] = ['closed', 'half-open', 'open'];

/** Answers what counts a read that SQL answered. Without a Neo4j nothing is shown. */
export function graphMetrics(
  registry: Registry,
  use: () => GraphUse | undefined,
): (reason: Fallback) => void {
  gauges(registry, use);
  const fallbacks = openCounter(registry, {
    name: 'polyphony_graph_fallbacks_total',
    help: 'Reads of the graph that SQL answered though there is a Neo4j, by reason.',
    labelNames: ['reason'],
  });
  return (reason) => fallbacks(reason);
}

function gauges(registry: Registry, use: () => GraphUse | undefined): Gauge[] {
  const gauge = (name: string, help: string, value: (use: GraphUse) => number) =>
    new Gauge({
      name: `polyphony_graph_${name}`,
      help,
      registers: [registry],
      collect() {
        const now = use();
        if (now) this.set(value(now));
      },
    });
  const breaker = new Gauge({
    name: 'polyphony_store_breaker',
    help: '1 for the state that the breaker of a store is in.',
    labelNames: ['store', 'state'],
    registers: [registry],
    collect() {
      const now = use();
      if (!now) return;
      for (const state of STATES) {
        this.set({ store: 'neo4j', state }, Number(state === now.breaker));
      }
    },
  });
  const stale = ({ stale_ms }: GraphUse) => (stale_ms === null ? Number.NaN : stale_ms / 1_000);
  return [
    gauge('neo4j_read', '1 while reads of the graph go to Neo4j.', ({ isRead }) => Number(isRead)),
    gauge('stale_seconds', 'What Neo4j shows may be so old, at most. NaN while unknown.', stale),
    gauge('neo4j_reads', 'Reads of the graph that are at Neo4j now.', ({ busy }) => busy),
    gauge('neo4j_waiting', 'Reads of the graph that wait for a connection.', (now) => now.waiting),
    breaker,
  ];
}
