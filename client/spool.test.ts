import { mkdtempSync, readFileSync, rmSync, existsSync, appendFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSpool } from './spool.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'polyphony-spool-'));
  path = join(folder, 'run.spool');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (compact_bytes?: number) =>
  openSpool({ path, runId: 'r', ...(compact_bytes === undefined ? {} : { compact_bytes }) });

test('what was taken and not stored is there for the next process, with the fence', () => {
  const spool = open();
  spool.put('{"n":1}');
  spool.put('{"n":2}');
  spool.acknowledge(1, 'f1');
  spool.put('{"n":3}');
  // No close: the process is killed here.
  expect(open().load()).toEqual({ events: ['{"n":2}', '{"n":3}'], fence: 'f1' });
  expect(open().load()).toEqual({ events: ['{"n":2}', '{"n":3}'], fence: 'f1' }); // And for the one after it.
});

test('a line that a kill cut off was not taken', () => {
  const spool = open();
  spool.put('{"n":1}');
  appendFileSync(path, '+ {"n":2');
  expect(open().load().events).toEqual(['{"n":1}']);
});

test('closed when all is done it is gone; else it stays', () => {
  const spool = open();
  spool.put('{"n":1}');
  spool.close(false);
  const next = open();
  expect(next.load().events).toEqual(['{"n":1}']);
  next.acknowledge(1, null);
  next.close(true);
  expect(existsSync(path)).toBe(false);
});

test('it stays small: what is stored is left out once there is enough of it', () => {
  const spool = open(1_000);
  for (let n = 0; n < 1_000; n++) {
    spool.put(JSON.stringify({ n, words: 'x'.repeat(80) }));
    if (n > 0) spool.acknowledge(1, 'f1');
    expect(statSync(path).size).toBeLessThan(2_500);
  }
  const { events, fence } = open().load();
  expect(events.map((event) => (JSON.parse(event) as { n: number }).n)).toEqual([999]);
  expect(fence).toBe('f1');
});

test("another run's file is refused and left as it is; so is one that is no spool", () => {
  open().put('{"n":1}');
  const before = readFileSync(path, 'utf8');
  expect(() => openSpool({ path, runId: 'other' })).toThrow('not the spool of run other');
  expect(readFileSync(path, 'utf8')).toBe(before);
  appendFileSync(path, 'something else\n');
  expect(() => open()).toThrow('damaged: something else');
});
