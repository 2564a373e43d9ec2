/**
 * What makes vectors of texts, so that like texts lie near each other. Two adapters in gateway/embedders: a local one
 * that hashes words, without a download, and any HTTP endpoint that speaks as OpenAI's does.
 */
export interface Embedder {
  /** Names, with the dimension, the space of its vectors: those of different spaces are never compared. */
  readonly model: string;
  /** Texts of one call. */
  readonly batch_max: number;
  /** Of a longer text only so many characters (UTF-16 units) count. */
  readonly text_chars_max: number;
  /** Numbers of each vector; never changes. Learned by a call where the adapter does not know it: then rejects as `embed`. */
  dimension(): Promise<number>;
  /**
   * A vector of length 1 for each text, in their order; none is zero, not even of an empty text. The same text gives the
   * same vector: the local adapter to the bit, others as near as their model does. Does not hold up the event loop.
   * Rejects with Limited past `batch_max`; Invalid where the service refuses one of the texts, which is so whenever it is
   * asked again; Unavailable where it is away, too slow, too busy or answers nonsense, which may be mended by waiting.
   */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly (readonly number[])[]>;
}

/** The space of an embedder's vectors. */
export interface Space {
  readonly model: string;
  readonly dimension: number;
}

/** Rejects as `embed` where it is not known yet. */
export async function spaceOf(embedder: Embedder): Promise<Space> {
  return { model: embedder.model, dimension: await embedder.dimension() };
}

/** Divides by the length; null where there is none, or a number is none. */
export function normalised(vector: readonly number[]): number[] | null {
  const length = Math.hypot(...vector);
  if (!Number.isFinite(length) || length === 0) return null;
  return vector.map((value) => value / length);
}

/** The text up to so many UTF-16 units, without half a surrogate pair at its end. */
export function cut(text: string, chars_max: number): string {
  if (text.length <= chars_max) return text;
  const last = text.charCodeAt(chars_max - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? chars_max - 1 : chars_max);
}
