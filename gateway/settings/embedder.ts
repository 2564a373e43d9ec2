/** Settings of what makes vectors of texts; ../settings.ts has the whole table. */
import { z } from 'zod';
import { setting, url, whole, type Setting } from './setting.ts';

/** A part of the table. */
export const EMBEDDER_SETTINGS = {
  embedder: setting(
    'EMBEDDER',
    z.enum(['on', 'off'], 'must be on or off').default('on'),
    'Make vectors of documents and artifacts, in the background; off: search goes by words and graph alone.',
  ),
  embedder_url: setting(
    'EMBEDDER_URL',
    url('http:', 'https:').optional(),
    'An endpoint that speaks as that of OpenAI does (`https://example.org/v1`, without `/embeddings`): texts go there. Without it vectors are made here, of words and their parts, without any meaning.',
  ),
  embedder_model: setting(
    'EMBEDDER_MODEL',
    z
      .string()
      .regex(/^[\w.:/@-]{1,200}$/, 'must be 1 to 200 letters, digits and . : / @ _ -')
      .optional(),
    'The model that EMBEDDER_URL is asked for. Vectors of another one are made anew.',
  ),
  embedder_key: setting(
    'EMBEDDER_KEY',
    z.string().optional(),
    'Sent to EMBEDDER_URL as a bearer token.',
  ),
  embedder_timeout_ms: setting(
    'EMBEDDER_TIMEOUT_MS',
    whole(100, 60_000).default(5_000),
    'EMBEDDER_URL has so long for an answer, with all its tries. A search then goes without vectors.',
  ),
} as const satisfies Record<string, Setting>;
