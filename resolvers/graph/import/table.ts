/**
 * Rows of a table, one at a time: CSV as RFC 4180 has it (quotes, newlines within quotes, CRLF or LF), or TSV as IANA
 * has it (no quoting), in UTF-8 with or without a byte order mark.
 */
import { isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';
import { parse, type CsvError } from 'csv-parse';

export type Dialect = 'csv' | 'tsv';

export interface Row {
  /** Where it begins, from 1. */
  readonly line: number;
  /** About so many characters. */
  readonly length: number;
  readonly cells: readonly string[];
}

/** Told what is wrong in a line. */
export type Bad = (line: number, message: string) => void;

/** Bytes of one row: several times what a node may have. */
export const ROW_BYTES_MAX = 1_048_576;

/**
 * The rows, the header first; empty lines are left out. Holds no more than a row and a chunk. What is wrong is told to
 * `bad`: after a line that is no UTF-8 it goes on, after a quote where none may be, or a row past ROW_BYTES_MAX, it
 * ends, for nobody knows where the next row begins.
 */
export async function* readRows(
  bytes: AsyncIterable<Uint8Array>,
  dialect: Dialect,
  bad: Bad,
): AsyncGenerator<Row> {
  let fault: { readonly rows: number; readonly message: string } | undefined;
  const parser = parse({
    bom: true,
    delimiter: dialect === 'tsv' ? '\t' : ',',
    quote: dialect === 'tsv' ? null : '"',
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true, // How many cells there must be is for who knows the header.
    max_record_size: ROW_BYTES_MAX,
    // As an error it would come before rows that were read before it.
    skip_records_with_error: true,
    on_skip(error) {
      if (!error || fault) return undefined;
      fault = { rows: error['records'] as number, message: faultOf(error) };
      source.unpipe(parser);
      parser.end();
      return undefined;
    },
  });
  const source = Readable.from(inUtf8(bytes, bad), { objectMode: false });
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  let line = 1;
  let rows = 0;
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      if (rows === fault?.rows) break;
      rows += 1;
      let length = cells.length;
      let lines = 1;
      for (const cell of cells) {
        length += cell.length;
        if (cell.includes('\n')) lines += cell.split('\n').length - 1;
      }
      if (cells.length > 1 || cells[0] !== '') yield { line, length, cells };
      line += lines;
    }
    if (fault) bad(line, fault.message);
  } finally {
    source.destroy();
  }
}

function faultOf(error: CsvError): string {
  switch (error.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'a quote that begins in this row is not closed';
    case 'CSV_INVALID_CLOSING_QUOTE':
      return `after a closing quote comes a comma or the end of the row, not more text (a quote within quotes is written twice); what follows was not read`;
    case 'INVALID_OPENING_QUOTE':
      return 'a quote within a cell that does not begin with one (such a cell is put in quotes, and its quotes are written twice); what follows was not read';
    case 'CSV_MAX_RECORD_SIZE':
      return `a row may be at most ${ROW_BYTES_MAX} bytes (is a quote not closed?); what follows was not read`;
    default:
      return error.message;
  }
}

const NEWLINE = 10;
/** Of a character that a chunk may cut. */
const CUT_BYTES_MAX = 3;

/** The bytes as they are; `bad` is told of each line that has some which are no UTF-8. */
async function* inUtf8(bytes: AsyncIterable<Uint8Array>, bad: Bad): AsyncGenerator<Uint8Array> {
  let line = 1;
  let told = 0;
  const tell = (at: number) => {
    if (at > told) bad(at, 'is not UTF-8: save the file as UTF-8');
    told = at;
  };
  let cut = Buffer.alloc(0); // What the last chunk ended with.
  for await (const chunk of bytes) {
    const whole =
      cut.length > 0
        ? Buffer.concat([cut, chunk])
        : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const end = endOfCharacters(whole);
    line = tellLines(whole.subarray(0, end), line, tell);
    cut = Buffer.from(whole.subarray(end));
    yield chunk;
  }
  tellLines(cut, line, tell);
}

/** Answers the line after the last newline. Where all is well it is one look at the bytes, and one for newlines. */
function tellLines(bytes: Buffer, first: number, tell: (line: number) => void): number {
  const isGood = isUtf8(bytes);
  let line = first;
  let start = 0;
  for (;;) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline === -1 ? bytes.length : newline;
    if (!isGood && !isUtf8(bytes.subarray(start, end))) tell(line);
    if (newline === -1) return line;
    line += 1;
    start = newline + 1;
  }
}

/** Where the last character begins that is not whole. A byte that begins one has its two highest bits set. */
function endOfCharacters(bytes: Buffer): number {
  for (let back = 1; back <= CUT_BYTES_MAX && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return bytes.length;
    if (byte < 0xc0) continue;
    const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return needs > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
