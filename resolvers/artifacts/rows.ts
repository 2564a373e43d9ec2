/** Rows of this domain as statements answer them. Of `int8`: below 2^53. */
import type { CheckOutcome } from '../../prisma/generated/enums.ts';
import type { JsonObject } from '../events/log.ts';
import type { Instant } from '../instant.ts';

export interface ArtifactRow {
  readonly id: string;
  readonly workspaceId: string;
  readonly runId: string | null;
  readonly stepKey: string | null;
  readonly name: string;
  readonly kind: string;
  readonly uri: string | null;
  readonly sizeBytes: number;
  readonly checksum: string | null;
  readonly quality: number | null;
  readonly metadata: JsonObject;
  readonly createdAt: Instant;
  readonly version: number;
  readonly changedSeq: number | null;
}

export interface CheckRow {
  readonly id: string;
  readonly artifactId: string;
  readonly name: string;
  readonly outcome: CheckOutcome;
  readonly score: number;
  readonly details: JsonObject;
  readonly createdAt: Instant;
  readonly changedSeq: number | null;
}
