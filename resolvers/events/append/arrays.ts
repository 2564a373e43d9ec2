/**
 * Columns of many rows as parameters of one statement. Array literals are written here because node-postgres
 * quotes and escapes each element, and most of ours need neither; JSON goes line by line, for a line of
 * JSON.stringify holds no line break.
 *
 *   plain ['a1', null]        '{a1,NULL}'             $1::uuid[]
 *   text  ['a"b', null]       '{"a\\"b",NULL}'        $1::text[]
 *   json  ['{"a":1}', null]   '{"a":1}\n'             string_to_array($1, E'\n', '')::jsonb[]
 */

/** How a column's values are written: `plain` for ids, numbers, booleans, enums and ISO times. */
export type Encoding = 'plain' | 'text' | 'json';

/** Of one column: its name and type in the statement, and its value in a row; null is NULL. */
export interface ArrayColumn<Row> {
  readonly name: string;
  readonly type: string;
  readonly encoding: Encoding;
  readonly of: (row: Row) => string | number | boolean | null;
}

/** The parameter of a column for these rows; at least one. O(bytes). */
export function encode<Row>({ encoding, of }: ArrayColumn<Row>, rows: readonly Row[]): string {
  const separator = encoding === 'json' ? '\n' : ',';
  let text = '';
  for (let at = 0; at < rows.length; at += 1) {
    const value = of(rows[at]!);
    if (at > 0) text += separator;
    if (value !== null) text += encoding === 'text' ? quoted(String(value)) : value;
    else if (encoding !== 'json') text += 'NULL';
  }
  return encoding === 'json' ? text : `{${text}}`;
}

/** SQL of the array that parameter number `at` holds. */
export function arraySql<Row>({ type, encoding }: ArrayColumn<Row>, at: number): string {
  return encoding === 'json'
    ? `string_to_array($${at}::text, E'\\n', '')::${type}[]`
    : `$${at}::${type}[]`;
}

/** The literal of an array of ids. */
export function idArray(ids: Iterable<string>): string {
  return `{${(Array.isArray(ids) ? ids : [...ids]).join(',')}}`;
}

/** The literal of an array of texts. */
export function textArray(texts: Iterable<string>): string {
  return `{${Array.from(texts, quoted).join(',')}}`;
}

function quoted(text: string): string {
  return `"${/["\\]/.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`;
}
