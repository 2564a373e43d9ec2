import { fileURLToPath } from 'node:url';
import { defineConfig } from 'prisma/config';

// `prisma generate` never runs the native schema engine, but the CLI downloads it first. Naming any
// existing file here stops that, so generating works without a network. Other commands are not touched.
if (process.argv[2] === 'generate') {
  process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= fileURLToPath(import.meta.url);
}

const url = process.env['DATABASE_URL'];

// oxlint-disable-next-line import/no-default-export -- Prisma reads the default export
export default defineConfig({
  schema: 'prisma',
  migrations: { path: 'prisma/migrations' },
  // The change feed and vectors are SQL alone (xid8 keys, triggers; pgvector where it is): Prisma neither reads nor
  // migrates them.
  tables: {
    external: [
      'public.change',
      'public.feed_state',
      'public.document_embedding',
      'public.artifact_embedding',
      'public.embedding_state',
    ],
  },
  experimental: { externalTables: true },
  ...(url ? { datasource: { url } } : {}),
});
