/** JSON as it is written: bytes, so that a large answer is neither a rope of thousands of small strings nor made twice. */

/** JSON text: as a string, or where it is long as its bytes in UTF-8, which are sent as they are. */
export type Json = string | Buffer;

/** Of a longer text a socket would make bytes anyway. */
const STRING_BYTES_MAX = 16_384;

/** Ready bytes of a piece of JSON that is written again and again. */
export function piece(json: string): Uint8Array {
  return new Uint8Array(Buffer.from(json));
}

const BYTES_MIN = 65_536;
/** A larger one is not kept for the next answer. */
const BYTES_KEPT_MAX = 4 * 1_048_576;
/** Of longer texts JSON.stringify finds what is to be escaped quicker than a look at each character. */
const LOOKED_AT_CHARS_MAX = 120;
/** UTF-8 of one UTF-16 unit, at most. */
const CHAR_BYTES_MAX = 3;

/** Where an answer is written: one is used again for the next, so take what was written before. */
export class Out {
  #bytes = Buffer.allocUnsafe(BYTES_MIN);
  #length = 0;
  #isAscii = true;

  /** Begins anew. */
  clear(): void {
    if (this.#bytes.length > BYTES_KEPT_MAX) this.#bytes = Buffer.allocUnsafe(BYTES_MIN);
    this.#length = 0;
    this.#isAscii = true;
  }

  /** All that was written, for as long as is wanted. */
  taken(): Json {
    const isLong = this.#length > STRING_BYTES_MAX;
    return isLong ? Buffer.from(this.#bytes.subarray(0, this.#length)) : this.toString();
  }

  /** All that was written. */
  toString(): string {
    const encoding = this.#isAscii ? 'latin1' : 'utf8';
    return this.#bytes.toString(encoding, 0, this.#length);
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  piece(bytes: Uint8Array): void {
    this.#room(bytes.length);
    const into = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < bytes.length; i += 1) into[at++] = bytes[i]!;
    this.#length = at;
  }

  /** A string, quoted. */
  text(value: string): void {
    if (value.length > LOOKED_AT_CHARS_MAX) return this.json(JSON.stringify(value));
    this.#room(value.length + 2);
    const into = this.#bytes;
    let at = this.#length;
    into[at++] = QUOTE;
    for (let i = 0; i < value.length; i += 1) {
      const code = value.charCodeAt(i);
      if (code < SPACE || code > TILDE || code === QUOTE || code === BACKSLASH) {
        return this.json(JSON.stringify(value));
      }
      into[at++] = code;
    }
    into[at++] = QUOTE;
    this.#length = at;
  }

  /** The first `end` characters of a text, which must be ASCII and need no escapes. */
  ascii(text: string, end: number): void {
    this.#room(end);
    const into = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < end; i += 1) into[at++] = text.charCodeAt(i);
    this.#length = at;
  }

  /** A number that JSON has. */
  number(value: number): void {
    if (value >= 0 && value < 10 && (value | 0) === value) return this.byte(ZERO + value);
    const text = String(value);
    this.ascii(text, text.length);
  }

  /** What is JSON already, of any value. */
  json(text: string): void {
    this.#room(text.length * CHAR_BYTES_MAX);
    const written = this.#bytes.write(text, this.#length);
    if (written !== text.length) this.#isAscii = false;
    this.#length += written;
  }

  #room(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

const [QUOTE, BACKSLASH, SPACE, TILDE, ZERO] = [0x22, 0x5c, 0x20, 0x7e, 0x30];
