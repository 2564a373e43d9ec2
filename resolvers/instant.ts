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
    const isUsual = text.length === USUAL_CHARS && text.endsWith('+00:00');
    return isUsual ? `${text.slice(0, 23)}Z` : new Date(text).toISOString();
  }

  toJSON(): string {
    return this.toISOString();
  }

  /** As pg asks for the text of a value. */
  toPostgres(): string {
    return this.#text;
  }
}

/** Of a year of four digits, with milliseconds: Postgres leaves zeros at the end out. */
const USUAL_CHARS = '2026-01-02T03:04:05.678+00:00'.length;
