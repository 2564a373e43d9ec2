/**
 * A process that opens the embedded store in a folder, or the server of a URL, and writes one row after another,
 * printing each number once its transaction is acknowledged, until it is killed.
 */
import { openPostgres } from '../../gateway/stores/postgres.ts';
import { statement } from '../../resolvers/sql.ts';

const [settings, template] = process.argv.slice(2) as [string, string];
const { sql } = await openPostgres(JSON.parse(settings) as Parameters<typeof openPostgres>[0], {
  template,
});
const WRITE = statement('test.write', 'INSERT INTO written (number) VALUES ($1)');
const LAST = statement<{ last: number }>(
  'test.last',
  'SELECT coalesce(max(number), 0) AS last FROM written',
);

const [found] = await sql.query(LAST);
for (let number = (found?.last ?? 0) + 1; ; number += 1) {
  await sql.transaction((tx) => tx.query(WRITE, [number]));
  process.stdout.write(`${number}\n`);
}
