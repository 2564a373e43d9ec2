import { readFile, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { vector } from '@electric-sql/pglite-pgvector';
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg';
import type { SchemaEngine } from '@prisma/schema-engine-wasm';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import type { Migration } from '../gateway/stores/migrate.ts';

// @types/node 20 has no type for it.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (
    module: object,
    imports: Record<string, unknown>,
  ) => { exports: Record<string, unknown> };
};

/** The schema files as the engine wants them. */
export async function schemaFiles(folder: string): Promise<{ path: string; content: string }[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.prisma')).toSorted();
  return Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { path, content: await readFile(path, 'utf8') };
    }),
  );
}

/** Migrations as the engine wants them. */
export function migrationsList(migrations: readonly Migration[]) {
  return {
    baseDir: 'prisma/migrations',
    shadowDbInitScript: '',
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: sql } },
    })),
  };
}

/** What prisma.config.ts calls external: the engine leaves it alone. */
export const ENGINE_FILTERS = {
  externalTables: [
    'public.change',
    'public.feed_state',
    'public.document_embedding',
    'public.artifact_embedding',
    'public.embedding_state',
  ],
  externalEnums: [],
};

/** An empty in-memory Postgres as Prisma's schema engine takes one, its shadow database another. */
export async function emptyDatabase(): Promise<{
  lite: PGlite;
  factory: SqlMigrationAwareDriverAdapterFactory;
}> {
  const open = () => PGlite.create({ extensions: { pg_trgm, vector } });
  const lite = await open();
  const factory = new PrismaPGlite(lite);
  return {
    lite,
    factory: Object.assign(factory, {
      connectToShadowDb: async () => new PrismaPGlite(await open()).connect(),
    }),
  };
}

/** Prisma's own schema engine, compiled to WebAssembly; loaded by hand because Node 20 cannot import .wasm. */
export async function openSchemaEngine(
  factory: SqlMigrationAwareDriverAdapterFactory,
  datamodels: [string, string][],
): Promise<SchemaEngine> {
  const registry = globalThis as { PRISMA_WASM_PANIC_REGISTRY?: unknown };
  registry.PRISMA_WASM_PANIC_REGISTRY ??= {
    set_message: (text: string) => {
      console.error(`schema engine: ${text}`);
    },
  };
  const wasmPath = createRequire(import.meta.url)
    .resolve('@prisma/schema-engine-wasm/schema_engine_bg')
    .replace(/\.js$/, '.wasm');
  const module = new WebAssembly.Module(await readFile(wasmPath));
  const bindings = glue as unknown as {
    __wbg_set_wasm(exports: unknown): void;
    SchemaEngine: typeof SchemaEngine;
  };
  const instance = new WebAssembly.Instance(module, { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  (instance.exports['__wbindgen_start'] as () => void)();
  return bindings.SchemaEngine.new(
    { datamodels },
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(factory),
  );
}
