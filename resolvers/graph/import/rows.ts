/** From a row of a table to the node or relation that it tells of, with every reason why it is none. Pure. */
import { collectIssues, shown, type Issues } from '../../issues.ts';
import { checkWords } from '../check.ts';
import type { GraphProperties } from '../port.ts';
import type { Bad, Row } from './table.ts';
import type { EdgeShape, NodeShape, Placed } from './shape.ts';

export interface ReadNode {
  readonly kind: string;
  readonly key: string;
  readonly name: string;
  readonly properties: GraphProperties;
}

/** An end of an edge. Without a kind whatever node has the key is meant, if only one has. */
export interface ReadEnd {
  readonly key: string;
  readonly kind: string | null;
}

export interface ReadEdge {
  readonly kind: string;
  readonly from: ReadEnd;
  readonly to: ReadEnd;
  /** Tells several of one kind between the same two apart; without one there is only one. */
  readonly key: string | null;
  readonly properties: GraphProperties;
}

/**
 * Reads rows of a table: null where one is no node, with each reason told to `bad`. A cell that is empty says nothing;
 * without a name the key is it.
 */
export function nodeReader(shape: NodeShape, bad: Bad): (row: Row) => ReadNode | null {
  return reader(shape, bad, (cell) => {
    const key = cell(shape.key);
    const name = cell(shape.name);
    return { kind: cell(shape.kind), key, name: name === '' ? key : name };
  });
}

/** The same of edges. */
export function edgeReader(shape: EdgeShape, bad: Bad): (row: Row) => ReadEdge | null {
  return reader(shape, bad, (cell) => ({
    kind: cell(shape.kind),
    from: { key: cell(shape.from), kind: cell(shape.fromKind) || null },
    to: { key: cell(shape.to), kind: cell(shape.toKind) || null },
    key: cell(shape.key) || null,
  }));
}

type Words = { readonly kind: string; readonly key: string | null } & Partial<
  Pick<ReadNode, 'name'> & Pick<ReadEdge, 'from' | 'to'>
>;

type CellOf = (column: Placed | string | null) => string;

function reader<Told extends Words>(
  shape: NodeShape | EdgeShape,
  bad: Bad,
  wordsOf: (cell: CellOf) => Told,
): (row: Row) => (Told & { properties: GraphProperties }) | null {
  let cells: readonly string[];
  let issues = collectIssues(); // Of one row; the next one has it too, where there were none.
  const cellOf: CellOf = (column) =>
    typeof column === 'string' ? column : column === null ? '' : cells[column.at]!;
  return (row) => {
    ({ cells } = row);
    if (cells.length !== shape.width) {
      bad(row.line, `has ${cells.length} cells, the header has ${shape.width}`);
      return null;
    }
    const words = wordsOf(cellOf);
    const { kind, key, name, from, to } = words;
    const properties = propertiesOf(cells, shape, issues);
    checkWords({ kind, key, name, properties }, '', issues);
    if (from) checkWords(from, '.from', issues);
    if (to) checkWords(to, '.to', issues);
    if (issues.count() === 0) return { ...words, properties };
    for (const { path, message } of issues.refusal('').issues) {
      bad(row.line, `${columnOf(path, shape)} ${message}`.trim());
    }
    issues = collectIssues();
    return null;
  };
}

/** Of a place in what was read, as its makers know it. */
function columnOf(path: string, shape: NodeShape | EdgeShape): string {
  const [, role = '', part] = /^\.(key|kind|name|from|to)\b(?:\.(\w+))?$/.exec(path) ?? [];
  const places = shape as unknown as Partial<Record<string, Placed | string | null>>;
  const place = places[part === 'kind' ? `${role}Kind` : role];
  return place && typeof place !== 'string' ? place.name : path.replace(/^\./, '');
}

function propertiesOf(
  cells: readonly string[],
  { properties, rest }: NodeShape | EdgeShape,
  issues: Issues,
): GraphProperties {
  const entries: (readonly [string, unknown])[] = [];
  const text = properties ? cells[properties.at]! : '';
  if (properties && text !== '') {
    const members = objectIn(text);
    if (members) entries.push(...Object.entries(members));
    else issues.add(properties.name, `must be a JSON object or empty, is ${shown(text)}`);
  }
  for (const { name, at, read } of rest) {
    const cell = cells[at]!;
    if (cell === '') continue;
    const told = read(cell);
    if ('mustBe' in told) issues.add(name, `must be ${told.mustBe}, is ${shown(cell)}`);
    else entries.push([name, told.value]);
  }
  return Object.fromEntries(entries);
}

function objectIn(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
