/** The projection of the graph to Neo4j: how far it is behind, and what this gateway did for it. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Seen } from '../../resolvers/projectors/graph-step.ts';

export interface ProjectionMetrics {
  seen(seen: Seen): void;
  /** Milliseconds; null while unknown. */
  lag(lag_ms: number | null): void;
}

/** Made where there is a Neo4j: without one nothing is shown. */
export function projectionMetrics(registry: Registry): ProjectionMetrics {
  const registers = [registry];
  const lag = new Gauge({
    name: 'polyphony_projection_lag_seconds',
    help: 'Age of the oldest change that is not applied to Neo4j yet; 0 when all are. NaN while unknown.',
    registers,
  });
  const counter = (name: string, help: string) => new Counter({ name, help, registers });
  const changes = counter(
    'polyphony_projection_changes_total',
    'Changes that this gateway applied to Neo4j.',
  );
  const lost = counter(
    'polyphony_projection_lost_total',
    'Pages that another gateway applied first: nothing of them was written here.',
  );
  const rebuilds = counter(
    'polyphony_projection_rebuilds_total',
    'Rebuilds of Neo4j that this gateway brought to their end.',
  );
  return {
    seen(seen) {
      if (seen.what === 'applied') changes.inc(seen.changes);
      if (seen.what === 'lost') lost.inc();
      if (seen.what === 'rebuilt') rebuilds.inc();
    },
    lag: (lag_ms) => lag.set(lag_ms === null ? Number.NaN : lag_ms / 1_000),
  };
}
