/** HTML from templates: what is put in is escaped, unless it is HTML of ours already. */

/** HTML text of ours. */
export interface Html {
  readonly html: string;
}

type Part = string | number | null | undefined | Html | readonly Html[];

/** A template whose values are escaped for text and for quoted attributes. Null and undefined are nothing. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const filled = texts.map((text, index) => text + rendered(parts[index]));
  return { html: filled.join('') };
}

function rendered(part: Part): string {
  if (part === null || part === undefined) return '';
  if (typeof part === 'string' || typeof part === 'number') return escaped(String(part));
  if ('html' in part) return part.html;
  return part.map((each) => each.html).join('');
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** What a page's browser is told: to load what `policy` allows, to name the page to nobody, to share it with no window. */
export function pageHeaders(policy: string): Record<string, string> {
  return {
    'content-security-policy': policy,
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  };
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
