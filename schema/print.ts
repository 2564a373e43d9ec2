import { lexicographicSortSchema, printSchema } from 'graphql';
import { schema } from './index.ts';

/** schema/schema.graphql: the contract, sorted so that a change shows as itself. */
export function printedSchema(): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
