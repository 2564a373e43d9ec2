/**
 * A process that claims a data folder each time it reads a line, several times at once, and prints what came of it:
 * `{"won":1,"owners":[4711]}`. It holds what it won until it is killed.
 */
import { createInterface } from 'node:readline';
import { claimFolder } from '../../gateway/stores/data-folder.ts';

const [folder, tries] = process.argv.slice(2);
console.log('ready');
for await (const _line of createInterface({ input: process.stdin })) {
  const answer = () => ({ pid: process.pid, url: 'http://127.0.0.1:4000' });
  const results = await Promise.all(
    Array.from({ length: Number(tries) }, () => claimFolder(folder!, answer)),
  );
  const owners = results.flatMap((result) => ('owner' in result ? [result.owner.pid] : []));
  console.log(JSON.stringify({ won: results.length - owners.length, owners }));
}
