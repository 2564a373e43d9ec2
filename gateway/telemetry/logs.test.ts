import { expect, test } from 'vitest';
import { describeError, openLogs } from './logs.ts';

test('a line is JSON with level, time and message, and levels below the setting are left out', () => {
  const lines: string[] = [];
  const log = openLogs('warn', { write: (line) => lines.push(line) });
  log.info('not this');
  log.warn({ statement: 'runs.list', ms: 812 }, 'slow statement');
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    {
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      statement: 'runs.list',
      ms: 812,
      msg: 'slow statement',
    },
  ]);
});

test('on a terminal a line is text with the same content', () => {
  const lines: string[] = [];
  const log = openLogs('info', { isTTY: true, write: (line) => lines.push(line) });
  log.info({ route: '/graphql', status: 200 }, 'request');
  // oxlint-disable-next-line no-control-regex -- the colours are what is taken off
  const plain = lines.join('').replace(/\u001B\[\d+m/g, '');
  expect(plain).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {2}request route=\/graphql status=200\n$/);
});

test('an error is told by class, code and place; a text that may quote a value is not', () => {
  const parsing = catching(() => JSON.parse('{"token": hunter2}'));
  const unique = Object.assign(new Error('Key (email)=(hunter2) already exists'), {
    severity: 'ERROR',
    code: '23505',
    constraint: 'user_email_key',
    detail: 'Key (email)=(hunter2) already exists',
  });
  const wrapped = new Error('the store refused', { cause: unique });
  const described = [parsing, unique, wrapped].map(describeError);
  expect(JSON.stringify(described)).not.toContain('hunter2');
  expect(described).toMatchObject([
    { type: 'SyntaxError', at: expect.arrayContaining([expect.stringContaining('logs.test.ts')]) },
    { type: 'Error', code: '23505', constraint: 'user_email_key' },
    { type: 'Error', message: 'the store refused', cause: { code: '23505' } },
  ]);
});

test('what is thrown and is no error is told by its type alone', () => {
  expect(describeError('hunter2')).toEqual({ type: 'string' });
});

function catching(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return null;
}
