#!/usr/bin/env node
// Works in a checkout, which it sets up if need be, and in an installed package, which has dist/ but no scripts/.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { requireNode } from './node-version.mjs';

requireNode();

const setup = new URL('../scripts/setup.mjs', import.meta.url);
try {
  if (existsSync(fileURLToPath(setup))) {
    const { setUp } = await import(setup.href);
    await setUp({ build: true });
  }
  await import('../dist/main.js');
} catch (error) {
  process.stderr.write(`polyphony: ${error.message}\n`);
  process.exitCode = error.exitCode ?? 1;
}
