/** Which column of a table is what: by names that are known here, or as whoever imports it says. */
import { shown } from '../../issues.ts';
import { columnOf, type Column } from './cells.ts';

/** What a column can be; all others are properties. */
export type NodeRole = 'key' | 'kind' | 'name' | 'properties';
export type EdgeRole = 'key' | 'kind' | 'from' | 'to' | 'fromKind' | 'toKind' | 'properties';

/** Said of a table; what is left out goes by names. */
export interface NodeWishes {
  readonly columns?: Partial<Record<NodeRole, string>>;
  /** The kind of every row. */
  readonly kind?: string;
}

export interface EdgeWishes {
  readonly columns?: Partial<Record<EdgeRole, string>>;
  readonly kind?: string;
  /** Kinds of the nodes that every row leads from, and to. */
  readonly fromKind?: string;
  readonly toKind?: string;
}

/** Names that say what a column is, the first that is there. */
export const NODE_NAMES: Readonly<Record<NodeRole, readonly string[]>> = {
  key: ['~id', 'id', 'key', 'sense_id'],
  kind: ['~label', 'kind'],
  name: ['name', 'title', 'label', 'desc', 'members', 'lemma'],
  properties: ['properties'],
};

export const EDGE_NAMES: Readonly<Record<EdgeRole, readonly string[]>> = {
  key: ['~id', 'id', 'key'],
  from: ['~from', 'from', 'source'],
  to: ['~to', 'to', 'target'],
  kind: ['~label', 'kind', 'relation', 'metaedge', 'label'],
  fromKind: ['from_kind', 'source_kind'],
  toKind: ['to_kind', 'target_kind'],
  properties: ['properties'],
};

/** The kind of nodes in tables that have these columns and none for it. */
export const KINDS_OF_TABLES: readonly {
  readonly columns: readonly string[];
  readonly kind: string;
}[] = [
  { columns: ['sense_id', 'synset_id', 'lemma'], kind: 'sense' },
  { columns: ['id', 'pos', 'lexfile'], kind: 'synset' },
];

/** A column of one table. */
export interface Placed extends Column {
  readonly at: number;
}

/** Where things are in a row. A word stands for every row. */
export interface NodeShape {
  readonly key: Placed;
  readonly kind: Placed | string;
  readonly name: Placed | null;
  readonly properties: Placed | null;
  readonly rest: readonly Placed[];
  readonly width: number;
}

export interface EdgeShape {
  readonly key: Placed | null;
  readonly kind: Placed | string;
  readonly from: Placed;
  readonly to: Placed;
  readonly fromKind: Placed | string | null;
  readonly toKind: Placed | string | null;
  readonly properties: Placed | null;
  readonly rest: readonly Placed[];
  readonly width: number;
}

const NO_KIND = '--kind is given, and is empty: name a kind, or leave it out';

/** Told what is wrong with a header. */
type Wrong = (message: string) => void;

/** The shape of a table of nodes; null, and `wrong` is told everything, where it has none. */
export function nodeShape(
  titles: readonly string[],
  { columns = {}, kind: word }: NodeWishes,
  wrong: Wrong,
): NodeShape | null {
  const table = openTable(titles, NODE_NAMES, columns, wrong);
  if (word === '') wrong(NO_KIND);
  const key = table.need('key', 'the key of a node', '--node-key');
  const kind =
    word ??
    table.find('kind') ??
    kindOfTable(table.names) ??
    table.miss('kind', 'the kind of a node', '--node-kind, or one kind for all by --kind');
  const [name, properties] = [table.find('name'), table.find('properties')];
  if (!table.isGood() || !key || !kind) return null;
  return { key, kind, name, properties, rest: table.rest(), width: titles.length };
}

/** The shape of a table of edges. */
export function edgeShape(
  titles: readonly string[],
  { columns = {}, kind: word, fromKind, toKind }: EdgeWishes,
  wrong: Wrong,
): EdgeShape | null {
  const table = openTable(titles, EDGE_NAMES, columns, wrong);
  if (word === '') wrong(NO_KIND);
  const from = table.need('from', 'the key of the node that an edge leads from', '--from');
  const to = table.need('to', 'the key of the node that an edge leads to', '--to');
  const kind =
    word ?? table.need('kind', 'the kind of an edge', '--edge-kind, or one kind for all by --kind');
  const [key, properties] = [table.find('key'), table.find('properties')];
  const kinds = {
    fromKind: fromKind ?? table.find('fromKind'),
    toKind: toKind ?? table.find('toKind'),
  };
  if (!table.isGood() || !from || !to || !kind) return null;
  return { key, kind, from, to, ...kinds, properties, rest: table.rest(), width: titles.length };
}

function kindOfTable(names: ReadonlySet<string>): string | null {
  const known = KINDS_OF_TABLES.find(({ columns }) => columns.every((name) => names.has(name)));
  return known?.kind ?? null;
}

function openTable<Role extends string>(
  titles: readonly string[],
  known: Readonly<Record<Role, readonly string[]>>,
  wishes: Partial<Record<Role, string>>,
  wrong: Wrong,
) {
  let isGood = true;
  const say = (message: string) => {
    isGood = false;
    wrong(message);
    return null;
  };
  const placed = new Map<string, Placed>();
  for (const [at, title] of titles.entries()) {
    const column = columnOf(title);
    if (title === '') say(`column ${at + 1} has no name`);
    else if (placed.has(column.name)) say(`there are two columns ${shown(column.name)}`);
    else placed.set(column.name, { ...column, at });
  }
  const names = new Set(placed.keys());
  /** Takes it out of the rest. A wish is a column's name, with its type or without. */
  const take = (name: string) => {
    const column = placed.get(name) ?? placed.get(columnOf(name).name);
    if (column) placed.delete(column.name);
    return column ?? null;
  };
  const find = (role: Role): Placed | null => {
    const wish = wishes[role];
    if (wish === undefined) {
      const name = known[role].find((one) => placed.has(one));
      return name === undefined ? null : take(name);
    }
    return take(wish) ?? say(`there is no column ${shown(wish)}; there are ${listed(titles)}`);
  };
  const miss = (role: Role, what: string, flag: string) =>
    say(
      `there is no column for ${what}: one of ${known[role].join(', ')}, or another by ${flag}; there are ${listed(titles)}`,
    );
  return {
    names,
    find,
    miss,
    need: (role: Role, what: string, flag: string) =>
      find(role) ?? (wishes[role] === undefined ? miss(role, what, flag) : null),
    isGood: () => isGood,
    /** What was not taken, in the order of the table. */
    rest: () => [...placed.values()],
  };
}

const LISTED_MAX = 20;

function listed(titles: readonly string[]): string {
  const some = titles.slice(0, LISTED_MAX).map(shown).join(', ');
  return titles.length > LISTED_MAX ? `${some} and ${titles.length - LISTED_MAX} more` : some;
}
