/** Types of the documents that e2e tests write, from the printed schema: `npm run codegen`. Not in git. */
import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: 'schema/schema.graphql',
  documents: ['e2e/**/*.ts', '!e2e/generated/**'],
  generates: {
    'e2e/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
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
          JSON: 'unknown',
          UUID: 'string',
        },
      },
    },
  },
};

export default config;
