/**
 * Prints what is in git from its source: schema/schema.graphql and docs/CONFIG.md.
 * `npm run generate` writes them; with --check it fails when one of them would change.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { printConfigDocs } from '../gateway/config-docs.ts';
import { printedSchema } from '../schema/print.ts';

const PRINTED: Readonly<Record<string, () => string>> = {
  'schema/schema.graphql': printedSchema,
  'docs/CONFIG.md': printConfigDocs,
};

const check = process.argv.includes('--check');
const stale: string[] = [];
for (const [path, print] of Object.entries(PRINTED)) {
  const text = print();
  if ((await readFile(path, 'utf8').catch(() => '')) === text) continue;
  stale.push(path);
  if (check) continue;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
if (check && stale.length > 0) {
  console.error(`${stale.join(' and ')} would change: run npm run generate and commit it.`);
  process.exitCode = 1;
} else if (!check) {
  console.log(stale.length > 0 ? `wrote ${stale.join(' and ')}` : 'nothing changed');
}
