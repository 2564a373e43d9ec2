/** What makes vectors in a gateway: the embedder, and the worker that follows what is written. */
import type { Logger } from 'pino';
import type { Embedder } from '../resolvers/knowledge/embedder.ts';
import { embeddingLag_ms, startEmbedding } from '../resolvers/knowledge/embedding-worker.ts';
import { redactUrl } from './config-docs.ts';
import type { Config } from './config.ts';
import { openHttpEmbedder } from './embedders/http.ts';
import { openLocalEmbedder } from './embedders/local.ts';
import { within } from './limits/deadline.ts';
import type { Store } from './stores/postgres.ts';
import type { Metrics } from './telemetry/metrics.ts';

export interface EmbeddingParts {
  /** Null where it is off. */
  readonly embedder: Embedder | null;
  /** For the person who started it. */
  readonly uses: readonly string[];
  /** Ends the worker. */
  close(): Promise<void>;
}

/** Between two looks at a feed in which there was nothing: so long may a text be without its vector. */
const LOOK_ms = 1_000;

/** Asks nobody yet; an embedder that is away is waited for, and costs nothing but its vectors. */
export function openEmbedding(
  { sql, mode }: Pick<Store, 'sql' | 'mode'>,
  config: Config,
  log: Logger,
  metrics: Metrics,
): EmbeddingParts {
  const embedder = openEmbedder(config);
  if (!embedder) return { embedder, uses: [], close: () => Promise.resolve() };
  const worker = startEmbedding(sql, embedder, {
    look_ms: LOOK_ms,
    index: mode === 'server', // In WebAssembly a write of it takes longer than a look at thousands.
    failed: (error) => log.warn({ err: error }, 'embedding failed; it is tried again'),
    refused: (kind, id, error) =>
      log.warn({ kind, id, err: error }, 'the embedder refuses a text: it has no vector'),
  });
  metrics.watch({ embedding: () => within(config.health_deadline_ms, embeddingLag_ms(sql)) });
  const { embedder_url, embedder_model } = config;
  return {
    embedder,
    uses: embedder_url ? [`${embedder_model} at ${redactUrl(embedder_url)}`] : [],
    close: () => worker.stop(),
  };
}

/** The one that the settings name. */
function openEmbedder(config: Config): Embedder | null {
  const { embedder, embedder_url, embedder_model, embedder_key, embedder_timeout_ms } = config;
  if (embedder === 'off') return null;
  if (embedder_url === undefined || embedder_model === undefined) return openLocalEmbedder();
  return openHttpEmbedder({
    url: embedder_url,
    model: embedder_model,
    key: embedder_key,
    timeout_ms: embedder_timeout_ms,
  });
}
