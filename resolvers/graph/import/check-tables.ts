/** The first pass: everything that is wrong with tables, and which nodes they have. */
import { collectIssues } from '../../issues.ts';
import { BATCH_MAX } from '../port.ts';
import { openHeldKeys, type HeldKeys } from './held-keys.ts';
import { itemsOf, type GraphTable, type ImportOptions } from './items.ts';
import type { ReadEdge, ReadEnd } from './rows.ts';
import { whyNot, type ImportStore } from './store.ts';
import type { Bad } from './table.ts';

/** Rows of nodes, and of edges, in one call. At the most they are held in 640 MB. */
export const ROWS_MAX = 5_000_000;
/** How often a reader is told how far it is. */
const TOLD_ROWS = 1_000;

export interface Checked {
  /** The end with its kind, where a node of the tables has its key. */
  readonly endOf: (end: ReadEnd) => ReadEnd;
}

/** An end that is not among the tables. */
interface Asked {
  readonly line: number;
  readonly end: ReadEnd;
}

/** Refuses with Invalid, every reason at `table:line`. Writes nothing. `tables`: those of nodes first. */
export async function checkTables(
  tables: readonly GraphTable[],
  store: ImportStore,
  { told, signal }: ImportOptions,
): Promise<Checked> {
  const issues = collectIssues();
  const nodes = openHeldKeys(ROWS_MAX);
  const edges = openHeldKeys(ROWS_MAX);
  const lines = openLines();
  for (const table of tables) {
    const bad: Bad = (line, message) => issues.add(`${table.name}:${line}`, message);
    const asked: Asked[] = [];
    let rows = 0;
    const addEdge = (edge: ReadEdge, line: number): number | null => {
      const [from, to] = [edge.from, edge.to].map((end) => {
        const kinds = nodes.kindsOf(end.key);
        if (end.kind === null && kinds.length > 1) bad(line, whyNot(end.key, 'SEVERAL'));
        const isHere = end.kind === null ? kinds.length > 0 : kinds.includes(end.kind);
        if (!isHere) asked.push({ line, end });
        return [end.kind ?? kinds[0] ?? null, end.key];
      });
      return edges.add(edge.kind, JSON.stringify([from, to, edge.key]), lines.placeOf(line));
    };
    for await (const item of itemsOf(table, bad)) {
      const { line } = item;
      const before =
        'node' in item
          ? nodes.add(item.node.kind, item.node.key, lines.placeOf(line))
          : addEdge(item.edge, line);
      if (before !== null) {
        bad(line, `is the same ${'node' in item ? 'node' : 'edge'} as ${lines.at(before)}`);
      }
      if (asked.length >= BATCH_MAX - 1) await ask(store, asked.splice(0), bad);
      rows += 1;
      if (rows % TOLD_ROWS === 0) {
        told?.('CHECK', table, rows);
        signal?.throwIfAborted();
      }
    }
    await ask(store, asked, bad);
    lines.end(table);
  }
  if (issues.count() > 0) throw issues.refusal('the tables');
  return { endOf: (end) => known(nodes, end) };
}

function known(held: HeldKeys, end: ReadEnd): ReadEnd {
  if (end.kind !== null) return end;
  const [kind = null, ...others] = held.kindsOf(end.key);
  return { key: end.key, kind: others.length > 0 ? null : kind };
}

async function ask(store: ImportStore, asked: readonly Asked[], bad: Bad): Promise<void> {
  if (asked.length === 0) return;
  const found = await store.find(asked.map(({ end }) => end));
  for (const [index, { line, end }] of asked.entries()) {
    const one = found[index]!;
    if (typeof one === 'string') bad(line, whyNot(end.key, one, end.kind));
  }
}

/** Lines of all tables as one number, which is held in less room than a name and a line. */
function openLines() {
  const starts: { readonly name: string; readonly from: number }[] = [];
  let from = 0;
  let last = 0;
  return {
    placeOf(line: number): number {
      last = line;
      return from + line;
    },
    /** Of this table were those since the last end. */
    end({ name }: GraphTable): void {
      starts.push({ name, from });
      from += last;
      last = 0;
    },
    /** Where a place is; without a name in the table that is being read. */
    at(place: number): string {
      if (place > from) return `line ${place - from}`;
      const { name, from: start } = starts.findLast((table) => place > table.from)!;
      return `${name}:${place - start}`;
    },
  };
}
