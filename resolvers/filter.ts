/**
 * Filters: `{ status: { in: [FAILED] }, or: [...], not: {...}, steps: { some: {...} } }` → parameterised SQL.
 * Names come from the description of the entity, values go by `$n`. Two-valued: a comparison with an absent value
 * is false, and `not` turns it. A field or operator that is null counts as not given.
 */
import { columnOf, type Column, type AnyEntity, type Relation } from './entity.ts';
import { entityNamed } from './entities.ts';
import { Invalid, Limited, type Issue } from './errors.ts';
import { unstorable } from './events/json.ts';
import { textFault } from './issues.ts';
import { uuidOf } from './keys.ts';
import { matchesSql, SEARCH_BYTES_MAX, searchTerms } from './search.ts';

/** As the input types of the schema let it through. */
export type Filter = { readonly [name: string]: unknown };

/** `and`, `or`, `not` and relations inside each other. */
export const FILTER_DEPTH_MAX = 8;
/** Comparisons in one filter. */
export const FILTER_CONDITIONS_MAX = 100;
/** Values of one `in`, `hasAny` or `hasEvery`. */
export const FILTER_VALUES_MAX = 1_000;
/** Of one text, and of one piece of JSON, in a filter. */
export const FILTER_TEXT_BYTES_MAX = 2_000;
const LAST_HOURS_MAX = 87_600;

/** Collects the values of a statement. */
export interface Params {
  readonly values: unknown[];
  /** The placeholder of a value, cast: `$3::uuid[]`. */
  add(value: unknown, cast: string): string;
}

/** Values from `$1` on. */
export function params(): Params {
  const values: unknown[] = [];
  return { values, add: (value, cast) => `$${values.push(value)}::${cast}` };
}

interface Compiling {
  readonly params: Params;
  readonly now: Date;
  conditions: number;
  aliases: number;
}

/**
 * The condition that a filter means for the row which `alias` names. Pure. Refuses: Invalid at the path of the
 * value; Limited past a bound above.
 */
export function compileFilter(
  entity: AnyEntity,
  filter: Filter | null | undefined,
  alias: string,
  into: { readonly params: Params; readonly now: Date; readonly path?: string },
): string {
  if (!filter) return 'TRUE';
  const compiling = { params: into.params, now: into.now, conditions: 0, aliases: 0 };
  return rowCondition(compiling, entity, filter, alias, into.path ?? 'filter', 1);
}

function rowCondition(
  compiling: Compiling,
  entity: AnyEntity,
  filter: Filter,
  alias: string,
  path: string,
  depth: number,
): string {
  if (depth > FILTER_DEPTH_MAX) throw new Limited(`the depth of ${path}`, FILTER_DEPTH_MAX, depth);
  const inner = (part: unknown, at: string) =>
    rowCondition(compiling, entity, part as Filter, alias, at, depth + 1);
  const conditions: string[] = [];
  for (const [name, value] of given(filter)) {
    const at = `${path}.${name}`;
    const relation = entity.relations[name];
    if (name === 'and' || name === 'or') {
      const parts = value as readonly unknown[];
      count(compiling, parts.length);
      conditions.push(
        joined(
          parts.map((part, index) => inner(part, `${at}[${index}]`)),
          name,
        ),
      );
    } else if (name === 'not') {
      conditions.push(`(${inner(value, at)}) IS NOT TRUE`);
    } else if (relation) {
      conditions.push(...through(compiling, relation, value as Filter, alias, at, depth));
    } else {
      const column = columnOf(entity, name);
      for (const [operator, operand] of given(value as Filter)) {
        count(compiling, 1);
        conditions.push(
          comparison(compiling, column, operator, operand, column.sql(alias), `${at}.${operator}`),
        );
      }
    }
  }
  return joined(conditions, 'and');
}

function through(
  compiling: Compiling,
  relation: Relation,
  value: Filter,
  alias: string,
  path: string,
  depth: number,
): string[] {
  const entity = entityNamed(relation.to);
  const exists = (filter: unknown, at: string) => {
    count(compiling, 1);
    const inner = `f${(compiling.aliases += 1)}`;
    const condition = rowCondition(compiling, entity, filter as Filter, inner, at, depth + 1);
    return `EXISTS (SELECT FROM ${entity.table} ${inner} WHERE ${relation.on(alias, inner)} AND ${condition})`;
  };
  if (relation.kind === 'one') return [exists(value, path)];
  return given(value).map(([name, filter]) =>
    name === 'some' ? exists(filter, `${path}.some`) : `NOT ${exists(filter, `${path}.none`)}`,
  );
}

const COMPARE: Readonly<Record<string, string>> = {
  eq: '=',
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
};

function comparison(
  compiling: Compiling,
  column: Column,
  operator: string,
  operand: unknown,
  sql: string,
  path: string,
): string {
  const { params: into, now } = compiling;
  const one = (value: unknown) => into.add(checked(column, value, path), column.cast);
  const list = (cast: string) => {
    const values = operand as readonly unknown[];
    if (values.length > FILTER_VALUES_MAX)
      throw new Limited(path, FILTER_VALUES_MAX, values.length);
    return into.add(
      values.map((value, index) => checked(column, value, `${path}[${index}]`)),
      cast,
    );
  };
  const compare = COMPARE[operator];
  if (compare) return `${sql} ${compare} ${one(operand)}`;
  switch (operator) {
    case 'in':
      return `${sql} = ANY(${list(`${column.cast}[]`)})`;
    case 'isNull':
      return `${sql} IS ${operand === true ? '' : 'NOT '}NULL`;
    case 'lastHours':
      return `${sql} > ${into.add(hoursBefore(now, operand as number, path), 'timestamptz')}`;
    case 'startsWith':
      return `${sql} ILIKE ${into.add(`${escaped(checked(column, operand, path))}%`, 'text')}`;
    case 'contains':
      return column.type === 'json'
        ? `${sql} @> ${into.add(jsonText(operand, path), 'jsonb')}`
        : `${sql} ILIKE ${into.add(`%${escaped(checked(column, operand, path))}%`, 'text')}`;
    case 'matches':
      return matching(sql, searchTerms(typed(operand, path)), into);
    case 'has':
      return `${sql} @> ${into.add([checked(column, operand, path)], 'text[]')}`;
    case 'hasAny':
      return `${sql} && ${list('text[]')}`;
    case 'hasEvery':
      return `${sql} @> ${list('text[]')}`;
    default:
      throw new Error(`no operator is called ${operator}`);
  }
}

/** A value that Postgres takes: ids as uuids, texts without what it cannot store. */
function checked(column: Column, value: unknown, path: string): unknown {
  if (column.type === 'id') return uuidOf(column.of ?? '', value as string, path);
  if (typeof value === 'string') {
    const fault = textFault(value, FILTER_TEXT_BYTES_MAX);
    if (fault) throw new Invalid(path, fault);
  }
  return value;
}

function matching(sql: string, terms: string, into: Params): string {
  return terms === '' ? 'TRUE' : matchesSql(sql, into.add(terms, 'text'));
}

function typed(value: unknown, path: string): string {
  const fault = textFault(value as string, SEARCH_BYTES_MAX);
  if (fault) throw new Invalid(path, fault);
  return value as string;
}

function jsonText(value: unknown, path: string): string {
  const issues: Issue[] = [];
  unstorable(value, path, issues);
  if (issues.length > 0) throw new Invalid(issues);
  const text = JSON.stringify(value);
  const fault = textFault(text, FILTER_TEXT_BYTES_MAX);
  if (fault) throw new Invalid(path, fault);
  return text;
}

function hoursBefore(now: Date, hours: number, path: string): Date {
  if (!(hours > 0 && hours <= LAST_HOURS_MAX)) {
    throw new Invalid(path, `must be above 0 and at most ${LAST_HOURS_MAX}, got ${hours}`);
  }
  return new Date(now.getTime() - hours * 3_600_000);
}

function escaped(value: unknown): string {
  return String(value).replaceAll(/[\\%_]/g, '\\$&');
}

function count(compiling: Compiling, more: number): void {
  compiling.conditions += more;
  if (compiling.conditions > FILTER_CONDITIONS_MAX) {
    throw new Limited('conditions of a filter', FILTER_CONDITIONS_MAX, compiling.conditions);
  }
}

function given(filter: Filter): [string, unknown][] {
  return Object.entries(filter).filter(([, value]) => value !== null && value !== undefined);
}

/** Nothing to join is true of `and`, false of `or`. */
function joined(conditions: readonly string[], word: 'and' | 'or'): string {
  if (conditions.length === 0) return word === 'and' ? 'TRUE' : 'FALSE';
  if (conditions.length === 1) return conditions[0]!;
  return `(${conditions.join(` ${word.toUpperCase()} `)})`;
}
