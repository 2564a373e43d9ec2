/** What tests of the relational store need in both modes. */
import type { PoolClient } from 'pg';
import type { PostgresHooks, PostgresSettings } from '../../gateway/stores/postgres.ts';
import { statement, type Statement } from '../../resolvers/sql.ts';
import { openEmbedded, openServer, type TestDatabase } from './database.ts';

/** Opens a fresh store under other settings than the kit's; both modes where both can be had. */
export const STORES: readonly {
  readonly name: string;
  readonly open: (
    settings?: Partial<PostgresSettings>,
    hooks?: PostgresHooks,
  ) => Promise<TestDatabase>;
}[] = [
  { name: 'embedded', open: openEmbedded },
  ...(process.env['TEST_DATABASE_URL'] ? [{ name: 'postgres', open: openServer }] : []),
];

/** Keeps the database busy for so long, checking for interrupts all the time, as a heavy query does. */
export function busyFor(ms: number): Statement<object> {
  return statement('test.busy', busyText(ms));
}

/** The text of the same. */
export function busyText(ms: number): string {
  return `DO $$ BEGIN
    WHILE clock_timestamp() < now() + interval '${ms} milliseconds' LOOP END LOOP;
  END $$`;
}

/** Cuts a client's connection, as a network does. */
export function cut(client: PoolClient): void {
  client.connection.stream.destroy();
}
