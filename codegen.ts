/**
 * Types of every GraphQL operation that stands in operation(`…`) in client/ or e2e/, from the printed schema:
 * `npm run generate`. Not in git: scripts/setup.mjs makes them. Types only are imported of what this writes.
 */
import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: 'schema/schema.graphql',
  documents: ['client/**/*.ts', 'e2e/**/*.ts', '!client/generated/**'],
  pluckConfig: { modules: [], globalGqlIdentifierName: ['operation'], gqlMagicComment: 'none' },
  generates: {
    'client/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false, gqlTagName: 'operation' },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        strictScalars: true,
        documentMode: 'string',
        importExtension: '.ts',
        emitLegacyCommonJSImports: false,
        scalars: {
          BigInt: { input: 'string | number', output: 'string' },
          Cursor: 'string',
          DateTime: 'string',
          ID: 'string',
          JSON: 'unknown',
          UUID: 'string',
        },
      },
    },
  },
};

export default config;
