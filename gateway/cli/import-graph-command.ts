/** The words of `polyphony import-graph`: files in an order, each followed by what it says of its columns. */
import { Option, type Command } from 'commander';
import { Invalid } from '../../resolvers/errors.ts';
import { TYPE_NAMES } from '../../resolvers/graph/import/cells.ts';
import {
  EDGE_NAMES,
  KINDS_OF_TABLES,
  NODE_NAMES,
  type EdgeRole,
  type EdgeWishes,
  type NodeRole,
  type NodeWishes,
} from '../../resolvers/graph/import/shape.ts';
import type { NamedTable } from './import-graph.ts';

/** What a flag says, of tables of nodes, of edges, or of both. */
interface Flag {
  readonly flag: string;
  readonly what: string;
  readonly node?: (value: string, wishes: NodeWishes) => NodeWishes;
  readonly edge?: (value: string, wishes: EdgeWishes) => EdgeWishes;
}

const nodeColumn = (role: NodeRole) => (name: string, wishes: NodeWishes) => ({
  ...wishes,
  columns: { ...wishes.columns, [role]: name },
});
const edgeColumn = (role: EdgeRole) => (name: string, wishes: EdgeWishes) => ({
  ...wishes,
  columns: { ...wishes.columns, [role]: name },
});

const FLAGS: readonly Flag[] = [
  { flag: '--node-key <column>', what: 'key of a node', node: nodeColumn('key') },
  { flag: '--node-kind <column>', what: 'kind of a node', node: nodeColumn('kind') },
  { flag: '--node-name <column>', what: 'name of a node', node: nodeColumn('name') },
  { flag: '--from <column>', what: 'key of the node an edge leads from', edge: edgeColumn('from') },
  { flag: '--to <column>', what: 'key of the node it leads to', edge: edgeColumn('to') },
  { flag: '--edge-kind <column>', what: 'kind of an edge', edge: edgeColumn('kind') },
  {
    flag: '--edge-key <column>',
    what: 'tells edges of one kind between the same nodes apart',
    edge: edgeColumn('key'),
  },
  {
    flag: '--kind <word>',
    what: 'the kind of every row',
    node: (kind, wishes) => ({ ...wishes, kind }),
    edge: (kind, wishes) => ({ ...wishes, kind }),
  },
  {
    flag: '--from-kind <word>',
    what: 'the kind of every node that edges lead from',
    edge: (fromKind, wishes) => ({ ...wishes, fromKind }),
  },
  {
    flag: '--to-kind <word>',
    what: 'the kind of every node that they lead to',
    edge: (toKind, wishes) => ({ ...wishes, toKind }),
  },
];

/** The flags, and a place where they gather as commander meets them: it tells options, but not in which order. */
export function addTableFlags(command: Command): { readonly tables: () => NamedTable[] } {
  const named: { file: string; as: NamedTable['as'] }[] = [];
  const forAll: { nodes: NodeWishes; edges: EdgeWishes } = { nodes: {}, edges: {} };

  const say = (flag: Flag, value: string) => {
    const table = named.at(-1);
    const { node, edge } = flag;
    if (!table) {
      if (node) forAll.nodes = node(value, forAll.nodes);
      if (edge) forAll.edges = edge(value, forAll.edges);
    } else if ('nodes' in table.as && node) table.as = { nodes: node(value, table.as.nodes) };
    else if ('edges' in table.as && edge) table.as = { edges: edge(value, table.as.edges) };
    else {
      const [name = ''] = flag.flag.split(' ');
      throw new Invalid(
        name,
        `says nothing of ${table.file}: give it after ${node ? '--nodes' : '--edges'}`,
      );
    }
    return value;
  };

  const file = (flag: '--nodes' | '--edges', what: string, as: () => NamedTable['as']) =>
    command.addOption(
      new Option(`${flag} <file>`, what).argParser((value: string) => {
        named.push({ file: value, as: as() });
        return value;
      }),
    );
  file('--nodes', 'a table of nodes: csv or tsv, plain or gzip; - for stdin', () => ({
    nodes: forAll.nodes,
  }));
  file('--edges', 'a table of edges', () => ({ edges: forAll.edges }));
  for (const flag of FLAGS) {
    command.addOption(
      new Option(flag.flag, flag.what).argParser((value: string) => say(flag, value)),
    );
  }
  return { tables: () => named };
}

/** What a table may look like, for help. */
export function tablesHelp(): string {
  const names = (list: readonly string[]) => list.join(', ');
  const kinds = KINDS_OF_TABLES.map(
    ({ columns, kind }) => `${kind} where there are ${columns.join(', ')}`,
  );
  return `Columns go by their names, the first that is there:
  nodes  key: ${names(NODE_NAMES.key)} · kind: ${names(NODE_NAMES.kind)} · name: ${names(NODE_NAMES.name)}
         (without a column, the kind is ${kinds.join('; ')})
  edges  from: ${names(EDGE_NAMES.from)} · to: ${names(EDGE_NAMES.to)} · kind: ${names(EDGE_NAMES.kind)} · key: ${names(EDGE_NAMES.key)}
         kinds of its nodes: ${names(EDGE_NAMES.fromKind)}; ${names(EDGE_NAMES.toKind)}
A column named properties holds JSON objects; every other is a property, as text, or as a title like runways:int says:
  ${names(TYPE_NAMES)}, each also as a list (int[], with ; between)
An empty cell says nothing. A node without a name is named as its key. The key of an edge is not stored.
A flag about columns says it of the file before it; before the first file, of all files.

Everything is read and checked first: of files with an error nothing is stored, and each error is told by its line.
Then it is stored in batches, each whole or not at all. The same files again change nothing, an edited row changes its
node or edge, and what is no longer in a file stays. An edge whose nodes or kind were edited is another edge.`;
}
