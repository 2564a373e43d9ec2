/** What keeps tables out: each fault at its line, in words that say the rule, and that nothing is written. */
import { describe, expect, test } from 'vitest';
import { rememberingStore, tableOf } from '../../../e2e/kit/tables.ts';
import { Invalid } from '../../errors.ts';
import { ISSUES_MAX } from '../../issues.ts';
import { importTables } from './import.ts';
import type { GraphTable } from './items.ts';
import { ROW_BYTES_MAX } from './table.ts';

const NODES = 'id,kind,name\n';
const EDGES = 'source,relation,target\n';
const PLAIN = { nodes: {} };

/** What is told of a table; one of edges has nodes a and b of kind k beside it. */
async function told(text: string | Buffer, as: GraphTable['as'], name = 't'): Promise<string[]> {
  const store = rememberingStore();
  const nodes = tableOf('two', `${NODES}a,k,A\nb,k,B\n`, PLAIN);
  const tables = [tableOf(name, text, as, 4_096), ...('edges' in as ? [nodes] : [])];
  try {
    await importTables(tables, store);
    return [];
  } catch (error) {
    expect(store.batches).toEqual([]);
    if (!(error instanceof Invalid)) throw error;
    return error.issues.map(({ path, message }) => `${path} ${message}`);
  }
}

const NODE_TABLE: readonly (readonly [what: string, text: string | Buffer, says: string[]])[] = [
  ['nothing', '', ['t:1 has no header: its first line names the columns']],
  ['only empty lines', '\n\r\n', ['t:1 has no header: its first line names the columns']],
  [
    'no column for what must be there',
    'x,name\n1,2\n',
    [
      't:1 there is no column for the key of a node: one of ~id, id, key, sense_id, or another by --node-key; there are "x", "name"',
      't:1 there is no column for the kind of a node: one of ~label, kind, or another by --node-kind, or one kind for all by --kind; there are "x", "name"',
    ],
  ],
  ['a column twice', 'id,kind,x:int,x\n1,k,2,3\n', ['t:1 there are two columns "x"']],
  ['a column without a name', 'id,kind,\n1,k,\n', ['t:1 column 3 has no name']],
  [
    'rows that are short or long',
    `${NODES}a,k\nb,k,B\nc,k,C,?\n`,
    ['t:2 has 2 cells, the header has 3', 't:4 has 4 cells, the header has 3'],
  ],
  [
    'empty keys and kinds',
    `${NODES},k,A\n"",k,B\nc,,C\n`,
    ['t:2 id must not be empty', 't:3 id must not be empty', 't:4 kind must not be empty'],
  ],
  [
    'what is past its bound by one',
    `${NODES}${'i'.repeat(501)},k,\nb,${'k'.repeat(101)},\nc,k,${'n'.repeat(1_001)}\n`,
    [
      't:2 id may be at most 500 characters',
      't:3 kind may be at most 100 characters',
      't:4 name may be at most 1000 characters',
    ],
  ],
  [
    'properties past their bound',
    `id,kind,x\na,k,${'x'.repeat(65_536 - 8)}\nb,k,${'x'.repeat(65_536 - 7)}\n`,
    ['t:3 properties may be at most 65536 bytes, has 65537'],
  ],
  [
    'values that are not of their type',
    'id,kind,a:int,b:double,c:bool,d:int[],e:json\nx,k,1.5,one,yes,1;b,{\ny,k,2147483648,1e999,,,\n',
    [
      't:2 a must be a whole number of 32 bits, is "1.5"',
      't:2 b must be a number, is "one"',
      't:2 c must be true or false, is "yes"',
      't:2 d must be a whole number of 32 bits, several with ; between, is "1;b"',
      't:2 e must be JSON, is "{"',
      't:3 a must be a whole number of 32 bits, is "2147483648"',
      't:3 b must be a number, is "1e999"',
    ],
  ],
  [
    'properties that are no object',
    'id,kind,properties\na,k,[1]\nb,k,{\nc,k,\n',
    [
      't:2 properties must be a JSON object or empty, is "[1]"',
      't:3 properties must be a JSON object or empty, is "{"',
    ],
  ],
  [
    'a key twice, even with other words',
    `${NODES}a,k,A\n\nb,k,B\nb,other,B\na,k,Z\n`,
    ['t:6 is the same node as line 2'],
  ],
  ['NUL', `${NODES}a,k,"x\0y"\n`, ['t:2 name must not hold a NUL character']],
  [
    'lines that are not UTF-8, wherever they are',
    Buffer.concat([
      Buffer.from(`${NODES}a,k,"two\nl`),
      Buffer.from([0xff]),
      Buffer.from(`nes"\nb,k,é\nc,k,`),
      Buffer.from([0xc3]),
    ]),
    ['t:3 is not UTF-8: save the file as UTF-8', 't:5 is not UTF-8: save the file as UTF-8'],
  ],
  [
    'UTF-16, as spreadsheets call it Unicode',
    Buffer.from(`\ufeff${NODES}a,k,A\n`, 'utf16le'),
    ['t:1 is not UTF-8: save the file as UTF-8'],
  ],
  [
    'a quote that is not closed, told where it begins',
    `${NODES}a,k,A\nb,k,"B\nc,k,C\n`,
    ['t:3 a quote that begins in this row is not closed'],
  ],
  [
    'text after a closing quote',
    `${NODES}a,k,A\nb,k,"B"x\nc,k\n`,
    [expect.stringMatching(/^t:3 after a closing quote comes a comma .* was not read$/)],
  ],
  [
    'a quote within a cell',
    `${NODES}a,k,A\nb,k,B"x\n`,
    [expect.stringMatching(/^t:3 a quote within a cell .* was not read$/)],
  ],
  [
    'a row without end',
    `${NODES}a,k,A\nb,k,"${'B'.repeat(ROW_BYTES_MAX)}`,
    [expect.stringMatching(/^t:3 a row may be at most 1048576 bytes/)],
  ],
];

describe('of nodes', () => {
  test.each(NODE_TABLE)('%s', async (_what, text, says) => {
    expect(await told(text, PLAIN)).toEqual(says);
  });

  test('all faults are told up to a bound, and how many more there are', async () => {
    const rows = Array.from({ length: ISSUES_MAX + 5 }, (_, at) => `${at},\n`).join('');
    const says = await told(`id,kind\n${rows}`, PLAIN);
    expect(says).toHaveLength(ISSUES_MAX + 1);
    expect(says.slice(-2)).toEqual([
      `t:${ISSUES_MAX + 1} kind must not be empty`,
      'the tables and 5 more',
    ]);
  });

  test('one kind for all that is empty, as of a variable that is not set', async () => {
    expect(await told(`${NODES}a,k,A\n`, { nodes: { kind: '' } })).toEqual([
      't:1 --kind is given, and is empty: name a kind, or leave it out',
    ]);
  });

  test('a flag that names no column', async () => {
    expect(await told(`${NODES}a,k,A\n`, { nodes: { columns: { key: 'nobody' } } })).toEqual([
      't:1 there is no column "nobody"; there are "id", "kind", "name"',
    ]);
  });
});

const EDGE_TABLE: readonly (readonly [what: string, text: string, says: string[]])[] = [
  [
    'no column for what must be there',
    'x\n1\n',
    [
      expect.stringMatching(
        /^t:1 there is no column for the key of the node that an edge leads from: one of ~from, from, source, or another by --from;/,
      ),
      expect.stringMatching(
        /^t:1 there is no column for the key of the node that an edge leads to: /,
      ),
      expect.stringMatching(/^t:1 there is no column for the kind of an edge: /),
    ],
  ],
  [
    'edges to nothing',
    `${EDGES}a,r,b\na,r,nobody\nnobody,r,nothing\n`,
    [
      't:3 there is no node with the key "nobody"',
      't:4 there is no node with the key "nobody"',
      't:4 there is no node with the key "nothing"',
    ],
  ],
  [
    'edges to a kind that has no such key',
    'from,to,kind,to_kind\na,b,r,k\na,b,r,other\n',
    ['t:3 there is no node of kind "other" with the key "b"'],
  ],
  ['an edge twice', `${EDGES}a,r,b\nb,r,a\na,s,b\na,r,b\n`, ['t:5 is the same edge as line 2']],
  [
    'empty cells',
    `${EDGES},r,b\na,,b\n`,
    ['t:2 source must not be empty', 't:3 relation must not be empty'],
  ],
];

describe('of edges', () => {
  test.each(EDGE_TABLE)('%s', async (_what, text, says) => {
    expect(await told(text, { edges: {} })).toEqual(says);
  });

  test('a key of several kinds, unless it is said which', async () => {
    const nodes = tableOf('nodes', `${NODES}a,k,A\na,other,A\nb,k,B\n`, PLAIN);
    const edges = (as: object) => [nodes, tableOf('edges', `${EDGES}a,r,b\n`, { edges: as })];
    await expect(importTables(edges({}), rememberingStore())).rejects.toThrow(
      'edges:2: "a" is the key of nodes of several kinds: a column or --from-kind, --to-kind says which',
    );
    const store = rememberingStore();
    await importTables(edges({ fromKind: 'other' }), store);
    expect(store.batches.at(-1)?.edges).toMatchObject([{ from: { key: 'a', kind: 'other' } }]);
  });

  test('what other tables of the call have twice is told by their names', async () => {
    const tables = ['one', 'two'].map((name) =>
      tableOf(name, `${NODES}\n${name},k,\na,k,\n`, PLAIN),
    );
    await expect(importTables(tables, rememberingStore())).rejects.toThrow(
      'two:4: is the same node as one:4',
    );
  });
});
