/** Rows of this domain as statements answer them. Of `int8`: below 2^53. */
import type { JsonObject } from '../events/log.ts';
import type { Instant } from '../instant.ts';

export interface DocumentRow {
  readonly id: string;
  readonly workspaceId: string;
  readonly key: string;
  readonly title: string;
  readonly text: string;
  readonly uri: string | null;
  readonly metadata: JsonObject;
  readonly contentHash: string;
  readonly createdAt: Instant;
  readonly version: number;
}
