/**
 * Real graphs, and facts of them: what a query must answer, as their README says it or as a plain look at the files
 * does. What is expected comes from nothing that the product reads them with.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openGraphFile } from '../../gateway/cli/graph-files.ts';
import { importTables } from '../../resolvers/graph/import/import.ts';
import type { GraphTable } from '../../resolvers/graph/import/items.ts';
import { findEnds, settleGraph, writeImported } from '../../resolvers/graph/import/store.ts';
import type { TestDatabase } from './database.ts';
import { DATA } from './shared-data.ts';
import { contextOver } from './world.ts';

const FOLDER = join(DATA, 'graph');

/** For the title of what is skipped; empty when the files are here. */
export const WHY_NO_GRAPHS = existsSync(join(FOLDER, 'README.md'))
  ? ''
  : ` (skipped: no ${FOLDER}; set POLYPHONY_DATA)`;

/** Asks GraphQL; answers the data, throws on errors. */
export type Ask = <Data>(source: string, variables?: object) => Promise<Data>;

export interface Fact {
  readonly title: string;
  readonly asked: (ask: Ask) => Promise<unknown>;
  readonly expected: () => unknown;
}

/** Some tables that belong together. */
export interface DataSet {
  readonly name: string;
  readonly nodes: readonly string[];
  readonly edges: readonly string[];
  readonly facts: readonly Fact[];
}

/** Where a file lies. */
export function dataPath(file: string): string {
  return join(FOLDER, file);
}

/** Imports them. */
export async function load(database: TestDatabase, sets: readonly DataSet[]): Promise<void> {
  const ctx = contextOver(database);
  const tables = await Promise.all(sets.map(tablesOf));
  await importTables(tables.flat(), {
    find: (ends) => findEnds(ctx, ends),
    write: (batch) => writeImported(ctx, batch),
    settle: () => settleGraph(ctx),
  });
}

async function tablesOf({ nodes, edges }: DataSet): Promise<GraphTable[]> {
  const table = async (name: string, as: GraphTable['as']): Promise<GraphTable> => {
    const file = await openGraphFile(dataPath(name));
    return { name, dialect: file.dialect, as, open: () => file.open(() => undefined) };
  };
  return Promise.all([
    ...nodes.map((name) => table(name, { nodes: {} })),
    ...edges.map((name) => table(name, { edges: {} })),
  ]);
}

/**
 * Rows of a file by the names of its columns. Only for files whose cells in the columns that facts go by hold no
 * quoted newline; quotes are taken off.
 */
export function rowsOf(file: string): Record<string, string>[] {
  const text = gunzipSync(readFileSync(dataPath(file))).toString('utf8');
  const [header = '', ...lines] = text.trimEnd().split(/\r?\n/);
  const cells = file.includes('.tsv') ? (line: string) => line.split('\t') : commaSeparated;
  const names = cells(header);
  return lines.map((line) => {
    const row = cells(line);
    return Object.fromEntries(names.map((name, at) => [name.replace(/:\w+$/, ''), row[at] ?? '']));
  });
}

function commaSeparated(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain,
  );
}

/** How many rows have each value of a column. */
export function tally(rows: readonly Record<string, string>[], column: string) {
  const counts: Record<string, number> = {};
  for (const row of rows) counts[row[column]!] = (counts[row[column]!] ?? 0) + 1;
  return counts;
}

/** How many entities of some kinds there are, and relations of some; from the whole lists. */
export async function countKinds(
  ask: Ask,
  list: 'entities' | 'entityRelations',
  kinds: readonly string[],
) {
  const fields = kinds.map(
    (kind, at) =>
      `k${at}: ${list}(first: 0, filter: { kind: { eq: ${JSON.stringify(kind)} } }) { totalCount }`,
  );
  const answer = await ask<Record<string, { totalCount: number }>>(`{ ${fields.join(' ')} }`);
  return Object.fromEntries(kinds.map((kind, at) => [kind, answer[`k${at}`]!.totalCount]));
}

/** The id of an entity. */
export async function idOf(ask: Ask, kind: string, key: string): Promise<string> {
  const query =
    'query ($kind: String!, $key: String!) { entityByKey(kind: $kind, key: $key) { id } }';
  return (await ask<{ entityByKey: { id: string } }>(query, { kind, key })).entityByKey.id;
}

/** Makes it when it is first asked for. */
export const once = <Value>(make: () => Value) => {
  let made: { value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
};

/** That there are so many nodes and relations of each kind, as the README says. */
export function counted(nodes: Record<string, number>, relations: Record<string, number>): Fact[] {
  const sides = [
    ['entities', nodes],
    ['entityRelations', relations],
  ] as const;
  return sides.map(([list, expected]) => ({
    title: `${list} of each kind`,
    asked: (ask) => countKinds(ask, list, Object.keys(expected)),
    expected: () => expected,
  }));
}
