import { describe, expect, test } from 'vitest';
import { rememberingStore, tableOf } from '../../../e2e/kit/tables.ts';
import { BATCH_MAX } from '../port.ts';
import { BATCH_LENGTH, IN_FLIGHT_MAX } from './batches.ts';
import { openHeldKeys } from './held-keys.ts';
import { importTables } from './import.ts';
import type { GraphTable } from './items.ts';
import { readRows, ROW_BYTES_MAX, type Dialect, type Row } from './table.ts';

async function rowsOf(text: string, dialect: Dialect, piece_bytes: number): Promise<Row[]> {
  const table = tableOf('t', text, { nodes: {} }, piece_bytes);
  const rows: Row[] = [];
  const bad = (line: number, message: string) => expect.fail(`${line}: ${message}`);
  for await (const row of readRows(table.open(), dialect, bad)) rows.push(row);
  return rows;
}

const TEXT = '\ufeffid,"the ""name"""\r\n1,"two\r\nlines, é 😀"\n\n2,plain';

describe('rows', () => {
  test.each([1, 2, 3, 5, 1_000])(
    'are the same however their bytes are cut: %d at a time',
    async (piece_bytes) => {
      expect(await rowsOf(TEXT, 'csv', piece_bytes)).toEqual([
        { line: 1, length: 14, cells: ['id', 'the "name"'] },
        { line: 2, length: 19, cells: ['1', 'two\r\nlines, é 😀'] },
        { line: 5, length: 8, cells: ['2', 'plain'] },
      ]);
    },
  );

  test('of tab-separated tables have no quoting', async () => {
    const cells = (await rowsOf('a\tb\n"x\ty"z, "\n', 'tsv', 3)).map((row) => row.cells);
    expect(cells).toEqual([
      ['a', 'b'],
      ['"x', 'y"z, "'],
    ]);
  });

  test('may be as long as the bound', async () => {
    const [row] = await rowsOf('x'.repeat(ROW_BYTES_MAX), 'csv', 65_536);
    expect(row?.cells[0]).toHaveLength(ROW_BYTES_MAX);
  });
});

async function readAs(text: string, as: GraphTable['as'], others: readonly GraphTable[] = []) {
  const store = rememberingStore();
  await importTables([tableOf('t', text, as), ...others], store);
  return store.batches.at(-1);
}

describe('columns', () => {
  test('go by their names and types', async () => {
    const text =
      '~id,~label,code:string,runways:int,lat:double,open:bool,tags:string[],x:y,properties\n' +
      '7,airport,01,3,-1.5e1,TRUE,a;b,z,"{""deep"":[1],""__proto__"":1}"\n8,airport,,,,,,,\n';
    const batch = await readAs(text, { nodes: {} });
    expect(batch?.nodes).toEqual([
      {
        kind: 'airport',
        key: '7',
        name: '7',
        properties: JSON.parse(
          '{"deep":[1],"__proto__":1,"code":"01","runways":3,"lat":-15,"open":true,"tags":["a","b"],"x:y":"z"}',
        ) as object,
      },
      { kind: 'airport', key: '8', name: '8', properties: {} },
    ]);
  });

  test('that say nothing of the kind may be known as a whole, or told it', async () => {
    const synset = await readAs('id,pos,lexfile,members\n1-n,n,noun.Tops,entity|thing\n', {
      nodes: {},
    });
    expect(synset?.nodes).toMatchObject([{ kind: 'synset', name: 'entity|thing' }]);
    const told = await readAs('id,pos\n1-n,n\n', { nodes: { kind: 'word' } });
    expect(told?.nodes).toEqual([
      { kind: 'word', key: '1-n', name: '1-n', properties: { pos: 'n' } },
    ]);
  });

  test('are chosen by flags before names, with their type or without', async () => {
    const batch = await readAs('id,kind,no:int,what\n1,k,2,w\n', {
      nodes: { columns: { key: 'no', kind: 'what', name: 'kind' } },
    });
    expect(batch?.nodes).toEqual([{ key: '2', kind: 'w', name: 'k', properties: { id: '1' } }]);
  });

  test('of edges: a key, kinds of both ends, properties', async () => {
    const nodes = tableOf('nodes', 'id,kind\na,k\na,l\n', { nodes: {} });
    const batch = await readAs(
      '~id,source,target,metaedge,from_kind,to_kind,dist:int\n9,a,a,near,k,l,5\n',
      { edges: {} },
      [nodes],
    );
    expect(batch?.edges).toEqual([
      {
        kind: 'near',
        key: '9',
        from: { key: 'a', kind: 'k' },
        to: { key: 'a', kind: 'l' },
        properties: { dist: 5 },
      },
    ]);
  });
});

describe('what is held meanwhile', () => {
  test('rows are read no further than there are batches for, however slow the store is', async () => {
    const rows = 8 * BATCH_MAX;
    let read = 0;
    let stored = 0;
    let flying = 0;
    const most = { ahead: 0, flying: 0 };
    const table: GraphTable = {
      ...tableOf('t', '', { nodes: { kind: 'k' } }),
      async *open() {
        read = 0;
        yield Buffer.from('id,text\n');
        for (; read < rows; read += 1) yield Buffer.from(`${read},${'x'.repeat(1_000)}\n`);
      },
    };
    await importTables([table], {
      ...rememberingStore(),
      async write({ nodes }) {
        flying += 1;
        for (let turn = 0; turn < 20; turn += 1) {
          most.ahead = Math.max(most.ahead, read - stored);
          most.flying = Math.max(most.flying, flying);
          await new Promise((next) => void setImmediate(next)); // All that can be read is read.
        }
        stored += nodes.length;
        flying -= 1;
        return { created: nodes.length, changed: 0, unchanged: 0 };
      },
    });
    expect(stored).toBe(rows);
    expect(most.flying).toBe(IN_FLIGHT_MAX);
    expect(most.ahead).toBeLessThan((IN_FLIGHT_MAX + 2) * BATCH_MAX); // One is being filled, and what streams hold.
  });

  test('a batch of long rows is short', async () => {
    const long = 'x'.repeat(60_000);
    const rows = Array.from({ length: 40 }, (_, at) => `${at},${long}\n`).join('');
    const store = rememberingStore();
    await importTables([tableOf('t', `id,text\n${rows}`, { nodes: { kind: 'k' } }, 65_536)], store);
    const sizes = store.batches.map(({ nodes }) => nodes.length);
    expect(sizes).toEqual([18, 18, 4]);
    expect(18 * 60_000).toBeGreaterThan(BATCH_LENGTH);
  });

  test('keys are found again among many, each with its kinds', () => {
    const held = openHeldKeys(20_000);
    for (let at = 0; at < 10_000; at += 1) {
      expect(held.add(`kind ${at % 3}`, `key ${at}`, at)).toBeNull();
      if (at % 10 === 0) expect(held.add('other', `key ${at}`, at)).toBeNull();
    }
    expect(held.count()).toBe(11_000);
    expect(held.add('kind 1', 'key 7', 1)).toBe(7);
    expect(held.add('other', 'key 9990', 1)).toBe(9_990);
    expect(held.kindsOf('key 7')).toEqual(['kind 1']);
    expect(held.kindsOf('key 20').toSorted()).toEqual(['kind 2', 'other']);
    expect(held.kindsOf('key 10000')).toEqual([]);
  });

  test('there are no more keys than the bound', () => {
    const held = openHeldKeys(2);
    held.add('k', 'a', 1);
    held.add('k', 'b', 2);
    held.add('k', 'b', 3);
    expect(() => held.add('k', 'c', 4)).toThrow('rows of one call may be at most 2, got 3');
  });
});
