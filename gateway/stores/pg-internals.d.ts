/** What pg's own types leave out. */
declare module 'pg/lib/utils.js' {
  /** The text of a value, or its bytes, as Postgres takes it. */
  export function prepareValue(value: unknown): unknown;
}
