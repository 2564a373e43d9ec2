// Bundles our own sources into dist/; packages stay packages. The JavaScript interface, because esbuild's
// install script may replace bin/esbuild by the native program, which Node cannot run.
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { build } from 'esbuild';

const OPTIONS = {
  entryNames: '[name]',
  outdir: 'dist',
  bundle: true,
  packages: 'external',
  format: 'esm',
  sourcemap: true,
  logLevel: 'warning',
  metafile: true,
};

const gateway = await build({
  ...OPTIONS,
  // The worker thread is an entry of its own: it must lie beside the module that starts it.
  entryPoints: [
    'gateway/main.ts',
    'gateway/stores/embedded-thread.ts',
    'gateway/stores/template.ts',
  ],
  splitting: true,
  platform: 'node',
  target: 'node20',
});

// Whole files that share nothing with the gateway: a browser loads the client as it is.
const client = await build({
  ...OPTIONS,
  entryPoints: ['client/client.ts', 'client/spool.ts'],
  platform: 'neutral',
  target: 'es2022',
});
// What the landing page does with it, in the browser; it imports the client by its name in the package.
const pages = await build({
  ...OPTIONS,
  entryPoints: ['gateway/pages/browser/landing.ts'],
  external: ['polyphony/client'],
  target: 'es2022',
});
rmSync('dist/client', { recursive: true, force: true });
execFileSync(process.execPath, [
  'node_modules/typescript/bin/tsc',
  '--project',
  'client/tsconfig.json',
  '--outDir',
  'dist/client',
]);

const { builtTemplate } = await import('../dist/template.js');
const template = await builtTemplate();

const made = [gateway, client, pages].flatMap(({ metafile }) => Object.keys(metafile.outputs));
const current = new Set([...made, template, 'client'].map((path) => basename(path)));
for (const name of readdirSync('dist')) {
  if (!current.has(name)) rmSync(`dist/${name}`, { recursive: true });
}
