/** What a document and a mention may be. Pure. */
import type { GraphProperties } from '../graph/port.ts';
import { checkText, textFault, type Issues } from '../issues.ts';
import { checkObject } from '../json-object.ts';

/** Kind of the node that every document is. */
export const DOCUMENT_KIND = 'Document';
/** Kind of the relation that leads from a document to what it mentions. */
export const MENTION_KIND = 'MENTIONS';

/** Bounds of what callers say. Bytes are of UTF-8. */
export const DOCUMENT_LIMITS = {
  key_bytes_max: 500,
  /** It lies in an index, whose entries Postgres bounds at 2,704, and is the name of a node. */
  title_bytes_max: 1_000,
  text_bytes_max: 1_048_576,
  uri_bytes_max: 4_096,
  metadata_bytes_max: 65_536,
  /** Of one call. */
  mentions_max: 1_000,
  /** Of one mention. */
  positions_max: 1_000,
} as const;

/** Characters of a text that full text search knows; those after them are stored, not found. As the column has it. */
export const SEARCHED_CHARS_MAX = 200_000;

/** What putDocument is told. */
export interface DocumentInput {
  readonly key: string;
  readonly title: string;
  readonly text: string;
  readonly uri?: string | null | undefined;
  /** An object. */
  readonly metadata?: unknown;
  /** 0: it must not be there yet. */
  readonly expectedVersion?: number | null | undefined;
}

/** That a document mentions an entity. */
export interface MentionInput {
  readonly entityId: string;
  /** From 1; as many as there are positions, or 1, when left out. */
  readonly count?: number | null | undefined;
  /** Characters from the begin of the text, from 0. */
  readonly positions?: readonly number[] | null | undefined;
}

/** Adds what is wrong with a document. */
export function checkDocument(input: DocumentInput, issues: Issues): void {
  const limits = DOCUMENT_LIMITS;
  checkText(input.key, limits.key_bytes_max, 'input.key', issues);
  checkText(input.title, limits.title_bytes_max, 'input.title', issues);
  const fault = textFault(input.text, limits.text_bytes_max);
  if (fault) issues.add('input.text', fault);
  if (input.uri != null) checkText(input.uri, limits.uri_bytes_max, 'input.uri', issues);
  if (input.metadata != null) {
    checkObject(input.metadata, limits.metadata_bytes_max, 'input.metadata', issues);
  }
}

/** Adds what is wrong with mentions, ids aside. */
export function checkMentions(mentions: readonly MentionInput[], issues: Issues): void {
  checkSize(mentions.length, DOCUMENT_LIMITS.mentions_max, 'input.mentions', issues);
  for (const [index, { count, positions }] of mentions.entries()) {
    const at = `input.mentions[${index}]`;
    if (count != null && !(Number.isInteger(count) && count >= 1)) {
      issues.add(`${at}.count`, `must be a whole number from 1, got ${count}`);
    }
    checkSize(positions?.length ?? 0, DOCUMENT_LIMITS.positions_max, `${at}.positions`, issues);
    const wrong = positions?.find((position) => !(Number.isInteger(position) && position >= 0));
    if (wrong !== undefined) {
      issues.add(`${at}.positions`, `must be whole numbers from 0, got ${wrong}`);
    }
  }
}

/** Adds an issue for a list that is too long. */
export function checkSize(size: number, max: number, path: string, issues: Issues): void {
  if (size > max) issues.add(path, `may hold at most ${max}, got ${size}`);
}

/** The properties of a mention's relation. */
export function mentionProperties({ count, positions }: MentionInput): GraphProperties {
  const times = count ?? (positions?.length || 1);
  return positions ? { count: times, positions } : { count: times };
}

/** What a relation says of its mention, whoever wrote it. */
export function mentionOf(properties: GraphProperties): { count: number; positions: number[] } {
  const { count, positions } = properties;
  const places: unknown[] = Array.isArray(positions) ? positions : [];
  return {
    count: isSmall(count) && count >= 1 ? count : 1,
    positions: places.filter(isSmall),
  };
}

/** As GraphQL's Int takes it. */
function isSmall(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) < 2 ** 31;
}
