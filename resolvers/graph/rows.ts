/** Rows of this domain as statements answer them. Of `int8`: below 2^53. */
import type { JsonObject } from '../events/log.ts';
import type { Instant } from '../instant.ts';
import type { GraphNode, GraphRelation } from './port.ts';

export interface EntityRow {
  readonly id: string;
  readonly workspaceId: string;
  readonly kind: string;
  readonly key: string;
  readonly name: string;
  readonly properties: JsonObject;
  readonly version: number;
  readonly createdAt: Instant;
}

export interface EntityRelationRow {
  readonly id: string;
  readonly workspaceId: string;
  readonly kind: string;
  readonly fromId: string;
  readonly toId: string;
  readonly properties: JsonObject;
  readonly version: number;
  readonly createdAt: Instant;
}

/**
 * A relation as a walk met it, with `from` and `to` where they were met as well, so that nobody reads them again. A walk
 * tells everything of what it met but `createdAt`.
 */
export type MetRelation = GraphRelation & { readonly from?: GraphNode; readonly to?: GraphNode };
