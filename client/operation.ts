/**
 * GraphQL operations with the types of what they take and answer: operation(`…`) around a text. codegen.ts makes the
 * types from schema/schema.graphql (`npm run generate`), so a text that does not fit it, or that is newer than the
 * types, fails the type check. At run time an operation is its text, and nothing is imported.
 */
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
import type { operation as generated } from './generated/gql.ts';

/** An operation of these types. */
export type Operation<Result, Variables> = DocumentTypeDecoration<Result, Variables>;

/** The operation of this text. The text must stand there: one that is put together has no types. */
export const operation = ((text: string) => text) as unknown as typeof generated;

/**
 * As it is sent; `fields`, by type, in the place of those of the inline fragment on that type, which stands in a line
 * of its own.
 */
export function textOf(
  asked: Operation<unknown, never> | string,
  fields: Readonly<Record<string, string | undefined>> = {},
): string {
  let text = asked as string;
  for (const [type, chosen] of Object.entries(fields)) {
    if (chosen === undefined) continue;
    const fragment = new RegExp(`^( *\\.\\.\\. on ${type}) \\{.*\\}$`, 'm');
    text = text.replace(fragment, (_, head: string) => `${head} { ${chosen} }`);
  }
  return text;
}
