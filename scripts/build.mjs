// Bundles our own sources into dist/; packages stay packages. The JavaScript interface, because esbuild's
// install script may replace bin/esbuild by the native program, which Node cannot run.
import { build } from 'esbuild';

await build({
  // The worker thread is an entry of its own: it must lie beside the module that starts it.
  entryPoints: ['gateway/main.ts', 'gateway/stores/embedded-thread.ts'],
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
});
