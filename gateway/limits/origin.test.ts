import { describe, expect, test } from 'vitest';
import type { Rejected } from '../errors.ts';
import { checkContent, checkOrigin } from './origin.ts';

function statusOf(check: () => void): number {
  try {
    check();
  } catch (error) {
    return (error as Rejected).status;
  }
  return 200;
}

describe('Host', () => {
  test.each([
    'localhost',
    'localhost:4000',
    'LocalHost:4000',
    '127.0.0.1',
    '127.0.0.1:8080',
    '127.1.2.3:4000',
    '[::1]',
    '[::1]:4000',
  ])('%s reaches this machine only and is served', (host) => {
    expect(statusOf(() => checkOrigin({ host }))).toBe(200);
  });

  test.each([
    undefined,
    '',
    'example.org',
    'example.org:4000',
    'localhost.example.org',
    '127.0.0.1.example.org',
    '127.0.0.1@example.org',
    'example.org#localhost',
    '[::1].example.org',
    '[::ffff:10.0.0.1]',
    '0.0.0.0:4000',
    '2130706433',
    'localhost:4000:4000',
  ])('%s may be another name for this machine and is refused', (host) => {
    expect(statusOf(() => checkOrigin(host === undefined ? {} : { host }))).toBe(403);
  });
});

describe('Origin', () => {
  test.each([
    ['localhost:4000', 'http://localhost:4000'],
    ['127.0.0.1:4000', 'http://127.0.0.1:4000'],
    ['[::1]:4000', 'http://[::1]:4000'],
    ['localhost', 'https://localhost'],
  ])('of a page that %s served is fine: %s', (host, origin) => {
    expect(statusOf(() => checkOrigin({ host, origin }))).toBe(200);
  });

  test.each([
    ['localhost:4000', 'http://localhost:3000'],
    ['localhost:4000', 'http://127.0.0.1:4000'],
    ['localhost:4000', 'https://example.org'],
    ['localhost:4000', 'http://localhost:4000.example.org'],
    ['localhost:4000', 'null'],
    ['localhost:4000', ''],
    ['localhost:4000', 'file://localhost:4000'],
  ])('of any other page is refused with a reason: %s asked by %s', (host, origin) => {
    expect(() => checkOrigin({ host, origin })).toThrow(
      `Origin must be this gateway's own (http://${host}), got ${JSON.stringify(origin)}`,
    );
    expect(statusOf(() => checkOrigin({ host, origin }))).toBe(403);
  });

  test('is not sent by programs, which are served', () => {
    expect(statusOf(() => checkOrigin({ host: 'localhost:4000' }))).toBe(200);
  });
});

describe('Content-Type of a POST', () => {
  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    'application/json; profile=x',
  ])('%s is read', (type) => {
    expect(statusOf(() => checkContent({ 'content-type': type }))).toBe(200);
  });

  test.each([
    undefined,
    '',
    'text/plain',
    'text/plain;application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/graphql',
    'application/jsonx',
    'application/json; charset=utf-16',
  ])('%s can be sent by a form of another site, or is not read: refused', (type) => {
    expect(statusOf(() => checkContent(type === undefined ? {} : { 'content-type': type }))).toBe(
      415,
    );
  });

  test('a compressed body is refused: its size is not known before it is in memory', () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    expect(statusOf(() => checkContent(headers))).toBe(415);
  });
});
