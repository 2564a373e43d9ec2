/**
 * The scripts of the pages: the public client as it is in the package, and what the landing page does with it. A build
 * has them beside this module; from the sources they are made when they are asked for.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { send, type Exchange } from '../transports/exchange.ts';

const SOURCES = { client: '../../client/client.ts', landing: './browser/landing.ts' } as const;

export type ScriptName = keyof typeof SOURCES;

const made = new Map<ScriptName, Promise<Buffer>>();

/** Sends one as a module of a browser. */
export async function pageScript(exchange: Exchange, name: ScriptName): Promise<void> {
  const script = made.get(name) ?? read(name);
  made.set(name, script);
  send(exchange, 200, 'text/javascript; charset=utf-8', await script);
}

async function read(name: ScriptName): Promise<Buffer> {
  if (!import.meta.url.endsWith('.ts')) {
    return readFile(new URL(`./${name}.js`, import.meta.url));
  }
  const { build } = await import('esbuild'); // Of the development tools: only they run sources.
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(SOURCES[name], import.meta.url))],
    bundle: true,
    external: ['polyphony/client'],
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  return Buffer.from(outputFiles[0]!.contents);
}
