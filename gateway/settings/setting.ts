/** What a setting is made of. */
import { z } from 'zod';

/** One setting, read from the environment variable `name`. Its unit is the end of its name: _MS, _BYTES, _DAYS. */
export interface Setting<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly schema: Schema;
  readonly reason: string;
}

/** A row of the table. */
export function setting<Schema extends z.ZodType>(
  name: string,
  schema: Schema,
  reason: string,
): Setting<Schema> {
  return { name, schema, reason };
}

/** A whole number in plain digits. */
export function whole(min: number, max: number) {
  const rule = `must be a whole number from ${min} to ${max}`;
  const number = z.number().min(min, rule).max(max, rule);
  return z.coerce.string().regex(/^\d+$/, rule).transform(Number).pipe(number);
}

/** A URL of one of these protocols. */
export function url(...protocols: string[]) {
  const ok = (text: string) => protocols.includes(URL.canParse(text) ? new URL(text).protocol : '');
  return z.string().refine(ok, `must be a URL that begins with ${protocols[0]}//`);
}
