// Bundles our own sources into dist/; packages stay packages. The JavaScript interface, because esbuild's
// install script may replace bin/esbuild by the native program, which Node cannot run.
import { readdirSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { build } from 'esbuild';

const { metafile } = await build({
  // The worker thread is an entry of its own: it must lie beside the module that starts it.
  entryPoints: [
    'gateway/main.ts',
    'gateway/stores/embedded-thread.ts',
    'gateway/stores/template.ts',
  ],
  entryNames: '[name]',
  outdir: 'dist',
  bundle: true,
  packages: 'external',
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  logLevel: 'warning',
  metafile: true,
});

const { builtTemplate } = await import('../dist/template.js');
const template = await builtTemplate();

const current = new Set([...Object.keys(metafile.outputs), template].map((path) => basename(path)));
for (const name of readdirSync('dist')) {
  if (!current.has(name)) rmSync(`dist/${name}`, { recursive: true });
}
