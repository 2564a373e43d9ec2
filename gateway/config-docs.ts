/** The table of settings for people: docs/CONFIG.md, and what `print-config` shows. Passwords never. */
import { z } from 'zod';
import type { Config } from './config.ts';
import { SETTINGS } from './settings.ts';
import type { Setting } from './settings/setting.ts';

const HEAD = `# Settings

Environment variables, read once at the start; \`polyphony print-config\` shows what is in force.
This page is printed from \`gateway/settings.ts\` by \`npm run generate\`. The unit is the end of a name: \`_MS\`, \`_BYTES\`.

| setting | default | bounds | why |
|---|---|---|---|
`;

/** docs/CONFIG.md, whole. */
export function printConfigDocs(): string {
  const rows = Object.values<Setting>(SETTINGS).map(({ name, schema, reason }) => {
    const { fallback, bounds } = formOf(schema);
    return `| \`${name}\` | ${fallback} | ${bounds} | ${reason} |`;
  });
  return `${HEAD}${rows.join('\n')}\n`;
}

/** Name and value of every setting, as text; passwords in URLs are dots. */
export function describeConfig(config: Config): { name: string; value: string }[] {
  return Object.entries(SETTINGS).map(([key, { name }]) => {
    const value = config[key as keyof Config];
    if (value === undefined) return { name, value: '' };
    if (key.endsWith('_key')) return { name, value: '***' };
    return { name, value: key.endsWith('_url') ? redactUrl(String(value)) : String(value) };
  });
}

/** A URL without what must not be seen: its password, and parameters that hold one. */
export function redactUrl(text: string): string {
  if (!URL.canParse(text)) return '***';
  const url = new URL(text);
  if (url.password) url.password = '***';
  for (const name of url.searchParams.keys()) {
    if (/pass|secret|token|key/i.test(name)) url.searchParams.set(name, '***');
  }
  return url.href;
}

function formOf(schema: z.ZodType): { fallback: string; bounds: string } {
  // `any` for transforms and refinements, which JSON Schema cannot say.
  const json = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' });
  const given = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const fallback = json.default ?? given.default;
  const bounds = given.enum ?? json.enum;
  return {
    fallback: fallback === undefined ? 'not set' : `\`${fallback as string | number}\``,
    bounds: bounds ? bounds.join(', ') : range(json.minimum, json.maximum),
  };
}

function range(min: number | undefined, max: number | undefined): string {
  return min === undefined || max === undefined ? 'text' : `${grouped(min)} to ${grouped(max)}`;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
