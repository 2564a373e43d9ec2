/**
 * What people type into a search box, as a condition on `artifact.search`: all words, a "phrase", `or`, and `-without`.
 * That column holds the words of name and kind, split at everything but letters and digits; so is what is typed:
 * `sample-1.bam` means the words sample, 1 and bam one after the other. Nothing is an error; a text without any word
 * does not restrict.
 *
 *   sorted.bam -legacy or "run report"   →   "sorted bam" -"legacy" or "run report"
 */

/** Bytes of UTF-8. Well below 2,046, the longest word that Postgres takes, whatever lower case makes of it. */
export const SEARCH_BYTES_MAX = 500;

const WORD = /[\p{L}\p{N}]/u;
const TERM = /(-?)"([^"]*)"?|(-*)(\S+)/g;

/** As websearch_to_tsquery reads it, with quotes and signs only where they mean something; empty without any word. */
export function searchTerms(typed: string): string {
  const terms: string[] = [];
  for (const [, phraseSign, phrase, wordSign, word] of typed.matchAll(TERM)) {
    if (word?.toLowerCase() === 'or' && wordSign === '') terms.push('or');
    else {
      const words = (phrase ?? word ?? '').replaceAll(/["-]+/g, ' ').trim();
      if (WORD.test(words)) terms.push(`${phraseSign || wordSign ? '-' : ''}"${words}"`);
    }
  }
  return terms.some((term) => term !== 'or') ? terms.join(' ') : '';
}

/**
 * The condition. `terms` is the placeholder of what searchTerms made; constant when planned, so an index serves it.
 * Split as the column is in prisma/migrations: by code points, for a server's locale may know ASCII letters only.
 */
export function matchesSql(column: string, terms: string): string {
  const split = `regexp_replace(${terms}, '[^a-zA-Z0-9\\u0080-\\U0010FFFF"-]+', ' ', 'g')`;
  return `${column} @@ websearch_to_tsquery('simple', ${split})`;
}
