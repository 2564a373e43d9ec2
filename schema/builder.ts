import SchemaBuilder from '@pothos/core';
import ErrorsPlugin from '@pothos/plugin-errors';
import RelayPlugin from '@pothos/plugin-relay';
import type { Ctx } from '../resolvers/context.ts';
import { BATCH_PLUGIN } from './batch.ts';

/** What every schema file builds on. Only plugins that keep off the read path: types, ids, errors of mutations. */
export const builder = new SchemaBuilder<{
  Context: Ctx;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    BigInt: { Input: number; Output: number };
    UUID: { Input: string; Output: string };
    Cursor: { Input: string; Output: string };
    JSON: { Input: unknown; Output: unknown };
  };
}>({
  plugins: [BATCH_PLUGIN, ErrorsPlugin, RelayPlugin],
  defaultFieldNullability: false,
  relay: { clientMutationId: 'omit', cursorType: 'String', nodesOnConnection: true },
  errors: { defaultTypes: [], directResult: true },
});

builder.queryType({ description: 'Everything that can be asked.' });
builder.mutationType({
  description: 'Everything that can be done. Errors a user can mend are members of the result.',
});
