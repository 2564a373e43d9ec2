import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { openProgress } from './progress.ts';

function screen(isTTY: boolean, columns = 80) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns });
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    text: () => String(stream.read() ?? ''),
  };
}

test('on a terminal one line shows how far it is, and goes away at the end', () => {
  const { stream, text } = screen(true);
  const progress = openProgress(stream);
  progress.show(1, 4, 'a.json');
  expect(text()).toMatch(/^\[█{8}░{22}\] {2}25 % a\.json$/);
  progress.say('waiting');
  expect(text()).toContain(`\r\u001B[Kwaiting\n[${'█'.repeat(8)}░`);
  progress.end();
  expect(text()).toBe('\r\u001B[K');
});

test('the line never wraps', () => {
  const { stream, text } = screen(true, 20);
  openProgress(stream).show(4, 4, 'a long name of a file');
  expect(text()).toHaveLength(19);
});

test('elsewhere only what is said is printed', () => {
  const { stream, text } = screen(false);
  const progress = openProgress(stream);
  progress.show(1, 4, 'a.json');
  progress.say('waiting');
  progress.end();
  expect(text()).toBe('waiting\n');
});
