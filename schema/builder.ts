import SchemaBuilder from '@pothos/core';
import ErrorsPlugin from '@pothos/plugin-errors';
import type { LiveCtx } from '../resolvers/context.ts';
import type { Instant } from '../resolvers/instant.ts';
import { BATCH_PLUGIN } from './batch.ts';

/**
 * What every schema file builds on. Only plugins that keep off the read path: batch fields, and errors as members
 * of what a mutation answers. Nodes and connections are node.ts and connection.ts: the relay plugin's would be
 * resolved parent by parent.
 */
export const builder = new SchemaBuilder<{
  Context: LiveCtx;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Instant };
    BigInt: { Input: number; Output: number };
    UUID: { Input: string; Output: string };
    Cursor: { Input: string; Output: string };
    JSON: { Input: unknown; Output: unknown };
  };
}>({
  plugins: [BATCH_PLUGIN, ErrorsPlugin],
  defaultFieldNullability: false,
  errors: {
    defaultTypes: [],
    directResult: true,
    defaultUnionOptions: {
      name: ({ fieldName }) => `${fieldName[0]?.toUpperCase()}${fieldName.slice(1)}Result`,
    },
  },
});

/** For the types of what is built from it. */
export type Types = (typeof builder)['$inferSchemaTypes'];

builder.queryType({ description: 'Everything that can be asked.' });
builder.mutationType({
  description: 'Everything that can be done. Errors a user can mend are members of the result.',
});
builder.subscriptionType({
  description:
    'What can be followed. Each item has a cursor: send it as `after` to go on from there, on any gateway.',
});
