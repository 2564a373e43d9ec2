/**
 * Vectors without a model: the hashing trick (Weinberger, Dasgupta, Langford, Smola, Attenberg: Feature Hashing for Large
 * Scale Multitask Learning, ICML 2009). Each feature of a text adds its weight to one of 256 numbers, with a sign; number
 * and sign come from a hash of the feature, so that what falls together by chance cancels out on average. Features are
 * words, pairs of neighbouring words, and runs of three and four characters of a word with its ends, by which misspelt
 * and inflected words stay near. Counts are damped (1 + ln n); how rare a word is in general is not known.
 *
 * It finds texts with the same words and parts of words, not those with the same meaning.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { Limited } from '../../resolvers/errors.ts';
import { cut, normalised, type Embedder } from '../../resolvers/knowledge/embedder.ts';

const DIMENSION = 256;
/** Changes whenever the vector of some text does. */
const MODEL = 'polyphony-hashed-words-1';
const BATCH_MAX = 64;
/** Some 3 ms of the event loop. */
const TEXT_CHARS_MAX = 8_192;

/** Always there. Each text of a call is a turn of the event loop of its own. */
export function openLocalEmbedder(): Embedder {
  return {
    model: MODEL,
    batch_max: BATCH_MAX,
    text_chars_max: TEXT_CHARS_MAX,
    dimension: () => Promise.resolve(DIMENSION),
    async embed(texts, signal) {
      if (texts.length > BATCH_MAX) throw new Limited('texts of one call', BATCH_MAX, texts.length);
      const vectors: number[][] = [];
      for (const text of texts) {
        signal?.throwIfAborted();
        vectors.push(vectorOf(cut(text, TEXT_CHARS_MAX)));
        await turn();
      }
      return vectors;
    },
  };
}

const WEIGHTS = { word: 1, pair: 0.5, part: 0.3 } as const;

function vectorOf(text: string): number[] {
  const counts = new Map<string, { weight: number; count: number }>();
  const add = (kind: keyof typeof WEIGHTS, feature: string) => {
    const name = `${kind} ${feature}`;
    const known = counts.get(name);
    if (known) known.count += 1;
    else counts.set(name, { weight: WEIGHTS[kind], count: 1 });
  };
  let before: string | null = null;
  for (const [word] of text
    .normalize('NFKC')
    .toLowerCase()
    .matchAll(/[\p{L}\p{N}]+/gu)) {
    add('word', word);
    if (before !== null) add('pair', `${before} ${word}`);
    before = word;
    const bounded = `<${word.slice(0, 64)}>`;
    for (const size of [3, 4]) {
      for (let at = 0; at + size <= bounded.length; at += 1) {
        add('part', bounded.slice(at, at + size));
      }
    }
  }
  if (counts.size === 0) add('word', text); // Of signs alone.
  const vector = Array.from({ length: DIMENSION }, () => 0);
  for (const [name, { weight, count }] of counts) {
    const hash = hashOf(name);
    const sign = hash & 0x8000_0000 ? -1 : 1;
    vector[hash & (DIMENSION - 1)]! += sign * weight * (1 + Math.log(count));
  }
  const found = normalised(vector);
  if (found) return found;
  vector[0] = 1; // All cancelled out.
  return vector;
}

/** FNV-1a of 32 bits over UTF-16 units, then MurmurHash3's last mixing, so that each bit hangs on all of them. */
function hashOf(text: string): number {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}
