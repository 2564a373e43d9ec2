/** From text to a valid document: bounded, parsed and validated once, remembered. */
import {
  GraphQLError,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';
import { Limited, Refusal } from '../../resolvers/errors.ts';
import { prepare, type Prepared } from './levels/execute.ts';

/** A document of the schema, or why it is none: refusals and GraphQLErrors with locations. */
export type Found =
  | {
      readonly document: DocumentNode;
      /** The operation of that name, ready to run. Throws a GraphQLError where there is none. */
      readonly operation: (name: string | null | undefined) => Prepared;
      readonly errors?: undefined;
    }
  | { readonly document?: undefined; readonly errors: readonly Error[] };

export interface DocumentLimits {
  /** Tokens of one document; the parser stops there. */
  readonly tokens_max: number;
  /** Documents remembered. */
  readonly documents_max: number;
  /** Their texts together, in characters; a parsed document takes about a hundred times as many bytes. */
  readonly characters_max: number;
}

const ERRORS_MAX = 20;

/**
 * A cache of documents by their text, least recently used first out. Keyed by the text itself, not a hash of it: the
 * parsed document holds the text anyway, and V8 hashes strings quicker than we could. Invalid ones are not kept.
 *
 * Cost of a hit: one look-up. Of a miss: about 1 ms for a usual page.
 */
export function openDocuments(
  schema: GraphQLSchema,
  { tokens_max, documents_max, characters_max }: DocumentLimits,
): (text: string) => Found {
  const known = new Map<string, Found>();
  let characters = 0;

  function forgetOldest(): void {
    const [oldest] = known.keys();
    if (oldest === undefined) return;
    known.delete(oldest);
    characters -= oldest.length;
  }

  return (text) => {
    const hit = known.get(text);
    if (hit) {
      known.delete(text); // Put back as the newest.
      known.set(text, hit);
      return hit;
    }
    const found = read(schema, text, tokens_max);
    if (found.errors || text.length > characters_max) return found;
    known.set(text, found);
    characters += text.length;
    while (known.size > documents_max || characters > characters_max) forgetOldest();
    return found;
  };
}

function read(schema: GraphQLSchema, text: string, tokens_max: number): Found {
  try {
    const document = parse(text, { maxTokens: tokens_max });
    const options = { maxErrors: ERRORS_MAX, hideSuggestions: true };
    const errors = validate(schema, document, specifiedRules, options);
    if (errors.some(({ message }) => message === ABORTED)) return { errors: [TOO_ALIKE] };
    return errors.length > 0 ? { errors } : { document, operation: operationsOf(schema, document) };
  } catch (error) {
    return { errors: [refused(error, tokens_max)] };
  }
}

/** What graphql-js says when it gives up on comparing fields that may be merged. */
const ABORTED = 'Validation aborted.';
const TOO_ALIKE = new Refusal(
  'LIMITED',
  'the document selects the same fields in too many fragments to be compared; select them once',
);

function operationsOf(schema: GraphQLSchema, document: DocumentNode) {
  const prepared = new Map<string | null, Prepared>();
  return (name: string | null | undefined): Prepared => {
    const key = name ?? null;
    const known = prepared.get(key);
    if (known) return known;
    const operation = prepare(schema, document, name);
    prepared.set(key, operation);
    return operation;
  };
}

/** graphql-js tells the passed limit by its message only, and the depth of a document by the stack it overflows. */
function refused(error: unknown, tokens_max: number): Error {
  if (error instanceof RangeError) {
    return new Refusal('LIMITED', 'the document is nested too deeply to be read');
  }
  if (!(error instanceof GraphQLError)) throw error;
  const tooMany = error.message.endsWith('tokens. Parsing aborted.');
  return tooMany ? new Limited('tokens of the document', tokens_max, tokens_max + 1) : error;
}
