import { access } from 'node:fs/promises';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { startPostgres } from './postgres-server.ts';

test('a killed server keeps what was committed, drops what was open, and is on the same url again', async () => {
  const server = await startPostgres({ fsync: true, maxConnections: 20 });
  try {
    const before = await connect(server.url);
    await before.query('/* test.table */ CREATE TABLE kept (n int)');
    await before.query('/* test.committed */ INSERT INTO kept VALUES (1)');
    const { rows: settings } = await before.query(
      `/* test.settings */ SELECT current_setting('fsync') AS fsync, current_setting('max_connections') AS max`,
    );
    expect(settings).toEqual([{ fsync: 'on', max: '20' }]);
    await before.query('BEGIN');
    await before.query('/* test.open */ INSERT INTO kept VALUES (2)');
    const lost = new Promise((resolve) => before.once('end', resolve));

    await server.kill();

    await lost;
    await expect(connect(server.url)).rejects.toThrow(/ECONNREFUSED/);
    await server.restart();
    const after = await connect(server.url);
    const { rows } = await after.query('/* test.kept */ SELECT n FROM kept');
    expect(rows).toEqual([{ n: 1 }]);
    await after.end();
  } finally {
    await server.stop();
  }
  await expect(access(server.folder)).rejects.toThrow('ENOENT');
});

test('a server that cannot start says why, from its log', async () => {
  await expect(startPostgres({ settings: { no_such_setting: 1 } })).rejects.toThrow(
    /unrecognized configuration parameter "no_such_setting"/,
  );
});

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined); // The server is killed under it.
  await client.connect();
  return client;
}
