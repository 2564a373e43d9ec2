/**
 * Prints what is made of the source: schema/schema.graphql, docs/CONFIG.md and docs/CONSISTENCY.md, which are in git,
 * and the types of GraphQL operations in client/generated/ (codegen.ts), which are not.
 * `npm run generate` writes them; with --check it fails when one of them would change.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generate } from '@graphql-codegen/cli';
import codegen from '../codegen.ts';
import { printConfigDocs } from '../gateway/config-docs.ts';
import { printConsistencyDocs } from '../resolvers/consistency.ts';
import { printedSchema } from '../schema/print.ts';

const PRINTED: Readonly<Record<string, () => string>> = {
  'schema/schema.graphql': printedSchema,
  'docs/CONFIG.md': printConfigDocs,
  'docs/CONSISTENCY.md': printConsistencyDocs,
};

const check = process.argv.includes('--check');
const stale: string[] = [];
for (const [path, print] of Object.entries(PRINTED)) await put(path, print());
for (const { filename, content } of await operationTypes()) await put(filename, content);
if (check && stale.length > 0) {
  console.error(
    `${stale.join(' and ')} would change: run npm run generate and commit what is in git.`,
  );
  process.exitCode = 1;
} else if (!check) {
  console.log(stale.length > 0 ? `wrote ${stale.join(' and ')}` : 'nothing changed');
}

async function put(path: string, text: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => '')) === text) return;
  stale.push(path);
  if (check) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** From the schema as it is printed: written before, or as it would be if it is not stale. */
async function operationTypes(): Promise<{ filename: string; content: string }[]> {
  const files: unknown = await generate({ ...codegen, silent: true }, false);
  return files as { filename: string; content: string }[];
}
