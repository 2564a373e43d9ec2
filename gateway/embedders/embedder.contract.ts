/** What every embedder promises, whichever makes the vectors. */
import { expect, test } from 'vitest';
import { Limited } from '../../resolvers/errors.ts';
import type { Embedder } from '../../resolvers/knowledge/embedder.ts';

/** Registers the suite; `open` makes a fresh one. */
export function embedderSuite(open: () => Embedder): void {
  test('each text has a vector of its dimension and of length 1, in their order', async () => {
    const embedder = open();
    const texts = ['a red apple', 'the theory of graphs', 'a red apple, ripe', '', ' ', '!?', 'é'];
    const vectors = await embedder.embed(texts);
    expect(vectors).toHaveLength(texts.length);
    for (const vector of vectors) {
      expect(vector).toHaveLength(await embedder.dimension());
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    }
    for (const [at, text] of texts.entries()) {
      expect(cosine((await embedder.embed([text]))[0]!, vectors[at]!)).toBeCloseTo(1, 3);
    }
  });

  test('like texts lie nearer to each other than others', async () => {
    const [one, like, other] = await open().embed([
      'alignment of reads of the genome',
      'reads aligned to a genome',
      'quarterly revenue of the shop',
    ]);
    expect(cosine(one!, like!)).toBeGreaterThan(cosine(one!, other!) + 0.1);
  });

  test('the dimension is known before anything was embedded, and no texts are no vectors', async () => {
    const embedder = open();
    expect(await embedder.dimension()).toBeGreaterThan(1);
    expect(await embedder.embed([])).toEqual([]);
  });

  test('as many texts as may be are one call, one more is refused', async () => {
    const embedder = open();
    const texts = Array.from({ length: embedder.batch_max }, (_, at) => `text ${at}`);
    expect(await embedder.embed(texts)).toHaveLength(embedder.batch_max);
    await expect(embedder.embed([...texts, 'x'])).rejects.toThrow(Limited);
  });

  test('of a long text what is past the bound does not count, not even half a character', async () => {
    const embedder = open();
    const head = 'word '.repeat(embedder.text_chars_max / 5 + 1).slice(0, embedder.text_chars_max);
    const [whole, longer] = await embedder.embed([head, `${head}other words`]);
    expect(cosine(whole!, longer!)).toBeCloseTo(1, 6);
    const [cutThrough, before] = await embedder.embed([
      `${head.slice(0, -1)}\u{1f9ec}`,
      head.slice(0, -1),
    ]);
    expect(cosine(cutThrough!, before!)).toBeCloseTo(1, 6);
  });

  test('who aborts is not answered', async () => {
    await expect(open().embed(['a'], AbortSignal.abort(new Error('left')))).rejects.toThrow('left');
  });
}

/** Of vectors of length 1. */
export function cosine(one: readonly number[], other: readonly number[]): number {
  return one.reduce((sum, value, at) => sum + value * other[at]!, 0);
}
