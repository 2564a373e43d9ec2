/** How every measured server starts: on a free port of this machine, told on stdout. Settings come by environment. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'pg';

/** Prints the address once it listens. */
export function listen(server: Server): void {
  server.listen(0, '127.0.0.1', () => announce(server));
}

/** Of a server that listens already. */
export function announce(server: Server): void {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

/** Of a server that must be told. Throws when it was not. */
export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

/** As many connections as every other server has, kept while others are measured. */
export function openPool(): Pool {
  return new Pool({ ...poolSettings(), connectionString: setting('DATABASE_URL') });
}

export function poolSettings(): { max: number; idleTimeoutMillis: number } {
  return { max: Number(setting('DATABASE_POOL_MAX')), idleTimeoutMillis: 0 };
}
