/** The four parameters of GraphQL over HTTP, out of a body or a query string. */
import { isUtf8 } from 'node:buffer';
import { Limited } from '../../resolvers/errors.ts';
import { Rejected } from '../errors.ts';
import type { Params } from './answer.ts';

const BYTE_ORDER_MARK = '\uFEFF';
const KNOWN = ['query', 'operationName', 'variables', 'extensions'];

/**
 * Objects and lists in each other in `variables`, which is 1. The deepest filter around the deepest JSON has fewer;
 * graphql-js would overflow its stack at some thousands.
 */
export const VARIABLES_DEPTH_MAX = 128;

/** Of a POST. Refuses what is no JSON in UTF-8, and batches. */
export function paramsOfBody(body: Uint8Array): Params {
  if (!isUtf8(body)) throw refused('the body is not UTF-8');
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
  return paramsIn(parsed('the body', text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text));
}

/** Of a GET. `variables` and `extensions` are JSON there. */
export function paramsOfUrl(search: URLSearchParams): Params {
  const given = Object.fromEntries(search) as Record<string, unknown>;
  for (const name of ['variables', 'extensions']) {
    const text = search.get(name);
    if (text !== null) given[name] = text === '' ? null : parsed(name, text);
  }
  return paramsIn(given);
}

/** Checks the form, not the meaning. Null is as good as absent; what is unknown is refused. */
export function paramsIn(given: unknown): Params {
  if (Array.isArray(given)) throw refused('batches are not taken; send one operation a request');
  if (!isObject(given)) throw refused(`the body must be an object, got ${typeName(given)}`);
  const unknown = Object.keys(given).find((name) => given[name] !== null && !KNOWN.includes(name));
  if (unknown !== undefined)
    throw refused(`parameter ${JSON.stringify(unknown.slice(0, 40))} is unknown`);

  const { query, operationName, variables, extensions } = given;
  if (typeof query !== 'string') throw refused(`"query" must be a string, got ${typeName(query)}`);
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') {
    throw refused(`"operationName" must be a string, got ${typeName(operationName)}`);
  }
  return {
    query,
    operationName: operationName ?? null,
    variables: objectOrNull('variables', variables),
    extensions: objectOrNull('extensions', extensions),
  };
}

function objectOrNull(name: string, value: unknown): Record<string, unknown> | null {
  if (value === undefined || value === null) return null;
  if (!isObject(value)) throw refused(`"${name}" must be an object, got ${typeName(value)}`);
  if (depthOf(value) > VARIABLES_DEPTH_MAX) {
    throw new Limited(`the depth of "${name}"`, VARIABLES_DEPTH_MAX, depthOf(value, Infinity));
  }
  return value;
}

/** 0 of what is no object or list. Looks no deeper than one past `levels_max`. */
function depthOf(value: unknown, levels_max = VARIABLES_DEPTH_MAX): number {
  let depth = 0;
  let level = isNested(value) ? [value] : [];
  while (level.length > 0 && depth <= levels_max) {
    depth += 1;
    const below: object[] = [];
    for (const nested of level) {
      for (const inner of Object.values(nested) as unknown[])
        if (isNested(inner)) below.push(inner);
    }
    level = below;
  }
  return depth;
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function parsed(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refused(`${what} is not JSON`); // Node's message would repeat the text.
  }
}

function refused(message: string): Rejected {
  return new Rejected('INVALID', 400, message);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
