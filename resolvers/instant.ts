/** Times of rows. */

/** A time in UTC with milliseconds. A Date is one. */
export interface Instant {
  /** Milliseconds since 1970. */
  getTime(): number;
  /** `2026-01-02T03:04:05.678Z` */
  toISOString(): string;
}

/** As Postgres writes it in JSON: `2026-01-02T03:04:05.678+00:00`. Read only when it is looked at. */
export class Timestamp implements Instant {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  getTime(): number {
    return new Date(this.#text).getTime();
  }

  toISOString(): string {
    const text = this.#text;
    const end = usualEnd(text);
    return end < 0
      ? new Date(text).toISOString()
      : `${text.slice(0, end)}${FRACTIONS[end - SECONDS_CHARS]}Z`;
  }

  /** Writes it as JSON, without a string of its own; false where it must be made by `toISOString`. */
  writeJson(out: AsciiOut): boolean {
    const text = this.#text;
    const end = usualEnd(text);
    if (end < 0) return false;
    out.byte(QUOTE);
    out.ascii(text, end);
    const fraction = FRACTIONS[end - SECONDS_CHARS]!;
    if (fraction !== '') out.ascii(fraction, fraction.length);
    out.byte(Z);
    out.byte(QUOTE);
    return true;
  }

  toJSON(): string {
    return this.toISOString();
  }

  /** As pg asks for the text of a value. */
  toPostgres(): string {
    return this.#text;
  }
}

/** Where a time is written to: bytes, and the first `end` characters of a text that has ASCII alone. */
export interface AsciiOut {
  byte(value: number): void;
  ascii(text: string, end: number): void;
}

const OFFSET = '+00:00';
const SECONDS_CHARS = '2026-01-02T03:04:05'.length;
/** What Postgres leaves out at the end, by how many characters there are after the seconds. */
const FRACTIONS = ['.000', undefined, '00', '0', ''];
const [QUOTE, T, Z] = [0x22, 0x54, 0x5a];

/** Where the offset begins, of a year of four digits in UTC with at most milliseconds; -1 of any other. */
function usualEnd(text: string): number {
  const end = text.length - OFFSET.length;
  if (FRACTIONS[end - SECONDS_CHARS] === undefined || text.charCodeAt(10) !== T) return -1;
  return text.endsWith(OFFSET) ? end : -1;
}
