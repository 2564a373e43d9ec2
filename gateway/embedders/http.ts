/**
 * Vectors from an HTTP endpoint that speaks as OpenAI's does: `POST {base}/embeddings` with
 * `{"model": "…", "input": ["…"], "encoding_format": "float"}`, answered by
 * `{"data": [{"index": 0, "embedding": [0.1, …]}, …]}`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Invalid, Limited, Unavailable } from '../../resolvers/errors.ts';
import { cut, normalised, type Embedder } from '../../resolvers/knowledge/embedder.ts';

export interface HttpEmbedderOptions {
  /** Without `/embeddings`: `https://example.org/v1`. */
  readonly url: string;
  readonly model: string;
  /** Sent as a bearer token. */
  readonly key?: string | undefined;
  /** Of one call, with all its tries. */
  readonly timeout_ms: number;
  /** Before the second try; each later one waits twice as long. */
  readonly retry_ms?: number;
}

const BATCH_MAX = 64;
/** Some 2,000 tokens of English; models take 8,192 and more, and one of them may be a single character. */
const TEXT_CHARS_MAX = 8_192;
const TRIES_MAX = 4;
const RETRY_MS = 250;
/** 64 vectors of 4,096 numbers of 20 characters have 5 MB. */
const ANSWER_BYTES_MAX = 16_777_216;
/** What pgvector stores. */
const DIMENSION_MAX = 16_000;

/** Statuses that the same texts always get. */
const REFUSED = new Set([400, 413, 422]);
/** Statuses that may pass. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

const Answer = z.object({
  data: z.array(z.object({ index: z.number().int(), embedding: z.array(z.number()) })),
});

/** Asks nothing before it is called. The first answer says of which dimension all must be. */
export function openHttpEmbedder(options: HttpEmbedderOptions): Embedder {
  const { model } = options;
  let dimension: number | null = null;

  async function embed(texts: readonly string[], signal?: AbortSignal): Promise<number[][]> {
    if (texts.length > BATCH_MAX) throw new Limited('texts of one call', BATCH_MAX, texts.length);
    if (texts.length === 0) return [];
    const input = texts.map((text) => cut(text, TEXT_CHARS_MAX) || ' '); // An empty one is refused by some.
    const vectors = await ask(options, input, signal);
    const expected = dimension ?? vectors[0]?.length ?? 0;
    const other = vectors.find((vector) => vector.length !== expected);
    if (other) throw away(`it answers vectors of ${other.length} numbers, not of ${expected}`);
    if (expected < 1 || expected > DIMENSION_MAX)
      throw away(`it answers vectors of ${expected} numbers`);
    const made = vectors.map(normalised);
    if (made.includes(null)) throw away('it answers a vector of zeros');
    dimension = expected;
    return made as number[][];
  }

  return {
    model,
    batch_max: BATCH_MAX,
    text_chars_max: TEXT_CHARS_MAX,
    async dimension() {
      if (dimension === null) await embed(['dimension']);
      return dimension!;
    },
    embed,
  };
}

/** Tries again what may pass, within the deadline. */
async function ask(
  options: HttpEmbedderOptions,
  input: readonly string[],
  signal: AbortSignal | undefined,
): Promise<number[][]> {
  const { timeout_ms, retry_ms = RETRY_MS } = options;
  const deadline = AbortSignal.timeout(timeout_ms);
  const until = signal ? AbortSignal.any([deadline, signal]) : deadline;
  try {
    for (let tried = 1; ; tried += 1) {
      const tryIt = await once(options, input, until);
      if ('vectors' in tryIt) return tryIt.vectors;
      if (tried >= TRIES_MAX) throw away(`${tryIt.why}, ${tried} times`);
      await sleep(Math.max(retry_ms * 2 ** (tried - 1), tryIt.wait_ms), undefined, {
        signal: until,
      });
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (deadline.aborted) throw away(`no answer within ${timeout_ms} ms`, error);
    throw error;
  }
}

type Try = { readonly vectors: number[][] } | { readonly why: string; readonly wait_ms: number };

async function once(
  { url, model, key }: HttpEmbedderOptions,
  input: readonly string[],
  signal: AbortSignal,
): Promise<Try> {
  let response: Response;
  try {
    response = await fetch(`${url.replace(/\/$/, '')}/embeddings`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify({ model, input, encoding_format: 'float' }),
      signal,
      redirect: 'error',
    });
  } catch (error) {
    if (signal.aborted) throw error;
    return { why: `it cannot be reached (${reasonOf(error)})`, wait_ms: 0 };
  }
  const { status } = response;
  if (!response.ok) {
    await response.body?.cancel();
    if (REFUSED.has(status)) throw new Invalid('text', `the embedder refuses it with ${status}`);
    if (!PASSING.has(status)) throw away(`it answers ${status}`);
    return { why: `it answers ${status}`, wait_ms: retryAfter_ms(response) };
  }
  return { vectors: read(await textOf(response), input.length) };
}

/** In the order of what was sent. */
function read(text: string, count: number): number[][] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw away('it answers what is no JSON', error);
  }
  const answer = Answer.safeParse(json);
  if (!answer.success) throw away('it answers another JSON than that of embeddings');
  const vectors: number[][] = [];
  for (const { index, embedding } of answer.data.data) vectors[index] = embedding;
  if (vectors.length !== count || Object.keys(vectors).length !== count) {
    throw away(`it answers ${answer.data.data.length} vectors to ${count} texts`);
  }
  return vectors;
}

async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > ANSWER_BYTES_MAX) throw away(`its answer has more than ${ANSWER_BYTES_MAX} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

/** Seconds; dates are left to our own waiting. */
function retryAfter_ms(response: Response): number {
  const seconds = Number(response.headers.get('retry-after') ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : 0;
}

function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown } };
  return typeof cause?.code === 'string' ? cause.code : 'no answer';
}

function away(why: string, cause?: unknown): Unavailable {
  return new Unavailable('embedder', why, cause === undefined ? {} : { cause });
}
