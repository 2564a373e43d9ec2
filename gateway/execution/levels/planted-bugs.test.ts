/** The differential test can fail: each of these bugs, planted into the executor, is found by it. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Case, runCase } from './oracle/differential.ts';
import { countUnhandled } from './oracle/unhandled.ts';
import type { Met } from './oracle/values.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
/** Inside the checkout, so that packages are found. */
const BUILT = fileURLToPath(new URL('../../../node_modules/.cache/planted', import.meta.url));
const CASES_MAX = 4_000;

interface Bug {
  readonly what: string;
  readonly file: string;
  readonly is: string;
  readonly becomes: string;
}

const BUGS: readonly Bug[] = [
  {
    what: 'a null that may not be is left in a list',
    file: 'complete.ts',
    is: 'tell(state, field, item, error);',
    becomes: 'tell(state, field, { ...item, nonNull: false }, error);',
  },
  {
    what: 'the path of an error misses its place in a list',
    file: 'complete.ts',
    is: 'const depth = path.push(i);',
    becomes: 'const depth = path.push(0);',
  },
  {
    what: 'an object that failed has a place in its group',
    file: 'levels.ts',
    is: 'if (value === null || value === undefined || value instanceof Error) return;\n  if (shape.kind',
    becomes: 'if (value === null || value === undefined) return;\n  if (shape.kind',
  },
  {
    what: 'one plan serves all values of the conditions',
    file: 'plan.ts',
    is: "name.value !== 'skip' && name.value !== 'include'",
    becomes: 'true',
  },
  {
    what: 'arguments with variables are read without them',
    file: 'plan.ts',
    is: 'variable = true;',
    becomes: '',
  },
  {
    what: 'the text writes a failed leaf',
    file: 'write.ts',
    is: "if (typeof value === 'function' || value instanceof Error) return RUNTIME.giveUp();",
    becomes: 'if (value instanceof Error) return out.json(\'"failed"\');',
  },
  {
    what: 'the text writes null where it may not be',
    file: 'write.ts',
    is: "shape.nonNull ? 'giveUp();'",
    becomes: "false ? 'giveUp();'",
  },
  {
    what: 'promises in lists are not awaited',
    file: 'settle.ts',
    is: 'return Promise.all(copy!);',
    becomes: 'return copy;',
  },
  {
    what: 'a concrete type is not asked whether the object is of it',
    file: 'concrete.ts',
    is: 'if (!type.isTypeOf) return type;',
    becomes: 'return type;',
  },
  {
    what: 'objects of an abstract type are taken from the wrong place',
    file: 'complete.ts',
    is: 'const index = places === null ? place : places[place]!;',
    becomes: 'const index = place < group.sources.length ? place : 0;',
  },
  {
    what: 'a mutation goes on after a failure that nulled everything',
    file: 'execute.ts',
    is: 'if (completed.data === null) return { data: null, errors };',
    becomes: 'if (completed.data === null) continue;',
  },
  {
    what: 'a thrown value that is no Error is told as ours',
    file: 'complete.ts',
    is: 'thrown instanceof Thrown ? thrown.thrown : thrown',
    becomes: 'thrown',
  },
];

let folder: string;
let unhandled: ReturnType<typeof countUnhandled>;
beforeAll(async () => {
  unhandled = countUnhandled();
  await mkdir(BUILT, { recursive: true });
  folder = await mkdtemp(join(BUILT, 'bugs-'));
});
afterAll(async () => {
  unhandled.stop();
  await rm(folder, { recursive: true, force: true });
});

test.each(BUGS)('found: $what', async (bug) => {
  const executor = await planted(bug);
  const met: Met = {};
  let found: Case | undefined;
  for (let seed = 1; seed <= CASES_MAX && !found; seed += 1) {
    const one = await executor
      .runCase(seed, met, unhandled.count)
      .catch((error: Error) => ({ wrong: error.message }) as Case);
    if (one.wrong) found = one;
  }
  expect(found?.wrong).toBeTruthy();
});

/** The differential test over an executor with this bug in it. */
async function planted({ file, is, becomes }: Bug): Promise<{
  readonly runCase: typeof runCase;
}> {
  const outfile = join(folder, `${Math.random()}.mjs`);
  let replaced = 0;
  await build({
    entryPoints: [join(HERE, 'oracle/differential.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    plugins: [
      {
        name: 'plant',
        setup(builder) {
          builder.onLoad({ filter: new RegExp(`levels/${file}$`) }, async ({ path }) => {
            const source = await readFile(path, 'utf8');
            if (basename(path) === file) replaced = source.split(is).length - 1;
            return { contents: source.replace(is, () => becomes), loader: 'ts' };
          });
        },
      },
    ],
  });
  expect(replaced, `places of "${is}" in ${file}`).toBe(1);
  return (await import(pathToFileURL(outfile).href)) as Awaited<ReturnType<typeof planted>>;
}
