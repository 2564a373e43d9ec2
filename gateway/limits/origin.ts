/**
 * Who may talk to a gateway that has no identities yet: programs of this machine, and pages that it served itself.
 * A page of another site can make a browser send requests here, under a name that it points at 127.0.0.1 (DNS
 * rebinding) or as a plain form (CSRF). The first shows in `Host`, the second in `Origin` and `Content-Type`.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isIPv4 } from 'node:net';
import { Rejected } from '../errors.ts';

/** True for names and addresses that only this machine reaches: localhost, 127.0.0.0/8, ::1 (brackets or not). */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'));
}

/** Refuses a request by its headers: a foreign Host, or an Origin that is not that Host. Any port is fine: tunnels. */
export function checkOrigin({ host, origin }: IncomingHttpHeaders): void {
  if (host === undefined || !isOurs(host)) {
    throw new Rejected(
      'FORBIDDEN',
      403,
      `Host must be localhost or a loopback address, got ${quoted(host)}`,
    );
  }
  if (origin === undefined) return; // No browser, or a plain navigation.
  if (origin === `http://${host}` || origin === `https://${host}`) return;
  throw new Rejected(
    'FORBIDDEN',
    403,
    `Origin must be this gateway's own (http://${host}), got ${quoted(origin)}`,
  );
}

/** The last Host that was ours: nearly all requests have the same. */
let lastOurs: string | undefined;

function isOurs(host: string): boolean {
  if (host === lastOurs) return true;
  const name = nameOf(host);
  if (name === undefined || !isLoopback(name)) return false;
  lastOurs = host;
  return true;
}

/** Refuses a POST that a form of another site could send, or that is not read: only JSON in UTF-8, as it is. */
export function checkContent(headers: IncomingHttpHeaders): void {
  if (headers['content-type'] === 'application/json' && !headers['content-encoding']) return;
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';');
  if (type.trim() !== 'application/json') {
    throw unsupported(
      `Content-Type must be application/json, got ${quoted(headers['content-type'])}`,
    );
  }
  const charset = parameters.map((text) => text.trim()).find((text) => text.startsWith('charset='));
  if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset)) {
    throw unsupported(`the charset must be utf-8, got ${quoted(charset)}`);
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw unsupported(`Content-Encoding must be identity, got ${quoted(encoding)}`);
  }
}

function unsupported(message: string): Rejected {
  return new Rejected('INVALID', 415, message, { headers: { accept: 'application/json' } });
}

/** `name` or `[address]`, before an optional port. */
function nameOf(host: string): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d{1,5})?$/i.exec(host)?.[1];
}

function quoted(value: string | undefined): string {
  return value === undefined ? 'none' : JSON.stringify(value.slice(0, 100));
}
