/** Gateways on one store, killed one after the other; with one alone there is a while without any. */
import { metricOf } from './metrics.ts';
import type { GatewayProcess } from './process.ts';

export interface Fleet {
  readonly gateways: readonly GatewayProcess[];
  /** One of those that serve, by chance; one that will serve again where none does. */
  pick(): GatewayProcess;
  /** kill -9, and started again. `moved` is called when it serves no more. */
  kill(gateway: GatewayProcess, moved: () => void): Promise<void>;
  /** What all of them have repaired so far, also those that were killed. */
  repaired(): Promise<Repaired>;
}

export interface Repaired {
  readonly heads: number;
  readonly gaps: number;
}

async function repairedBy({ url }: GatewayProcess): Promise<Repaired> {
  return {
    heads: await metricOf(url, 'live_heads_repairs'),
    gaps: await metricOf(url, 'live_gap_repairs'),
  };
}

/** Of gateways that run already, on one store. */
export function openFleet(gateways: readonly GatewayProcess[]): Fleet {
  const serving = new Set(gateways);
  const lost = { heads: 0, gaps: 0 };
  return {
    gateways,
    pick() {
      const from = serving.size > 0 ? [...serving] : gateways;
      return from[Math.floor(Math.random() * from.length)]!;
    },
    async kill(gateway, moved) {
      const { heads, gaps } = await repairedBy(gateway);
      lost.heads += heads;
      lost.gaps += gaps;
      serving.delete(gateway);
      await gateway.kill();
      moved();
      await gateway.restart();
      serving.add(gateway);
    },
    async repaired() {
      const now = await Promise.all(gateways.map(repairedBy));
      return {
        heads: now.reduce((sum, { heads }) => sum + heads, lost.heads),
        gaps: now.reduce((sum, { gaps }) => sum + gaps, lost.gaps),
      };
    },
  };
}
