/** What quality means, and what an artifact and a check may be. Pure. */
import type { CheckOutcome } from '../../prisma/generated/enums.ts';
import { checkText, type Issues } from '../issues.ts';
import { checkObject } from '../json-object.ts';

/** The score of a check whose caller gave none. */
const SCORE_UNTOLD: Readonly<Record<CheckOutcome, number>> = { PASSED: 1, WARNED: 0.5, FAILED: 0 };

/** The score that counts, 0 to 1: the given one, else that of the outcome. */
export function scoreOf(outcome: CheckOutcome, given: number | null | undefined): number {
  return given ?? SCORE_UNTOLD[outcome];
}

/** The quality of an artifact: the mean of the newest score of each of its checks, by name; null without any. */
export function qualityOf(newestScores: ReadonlyMap<string, number>): number | null {
  if (newestScores.size === 0) return null;
  let sum = 0;
  for (const score of newestScores.values()) sum += score;
  return sum / newestScores.size;
}

/** Bounds of what callers say about artifacts. Bytes are of UTF-8. */
export const ARTIFACT_LIMITS = {
  /** It lies in indexes, whose entries Postgres bounds at 2,704. */
  name_bytes_max: 2_000,
  kind_bytes_max: 256,
  uri_bytes_max: 4_096,
  checksum_bytes_max: 256,
  metadata_bytes_max: 65_536,
  derivedFrom_max: 100,
} as const;

/** What registerArtifact is told. */
export interface Registration {
  readonly name: string;
  /** Such as `dataset` or `model`. */
  readonly kind: string;
  readonly uri?: string | null | undefined;
  /** 0 to 2^53 - 1. */
  readonly sizeBytes?: number | null | undefined;
  readonly checksum?: string | null | undefined;
  /** An object. */
  readonly metadata?: unknown;
  /** Ids of the artifacts that it was made from. */
  readonly derivedFrom?: readonly string[] | null | undefined;
}

/** What recordCheck is told. */
export interface Judgement {
  readonly artifactId: string;
  /** Of one name the newest counts. */
  readonly name: string;
  readonly outcome: CheckOutcome;
  /** 0 to 1. */
  readonly score?: number | null | undefined;
  /** An object. */
  readonly details?: unknown;
}

/** Adds what is wrong with a registration. Ids are left to whoever looks them up. */
export function checkRegistration(input: Registration, issues: Issues): void {
  const { uri, sizeBytes, checksum, metadata, derivedFrom } = input;
  const limits = ARTIFACT_LIMITS;
  checkText(input.name, limits.name_bytes_max, 'input.name', issues);
  checkText(input.kind, limits.kind_bytes_max, 'input.kind', issues);
  if (uri != null) checkText(uri, limits.uri_bytes_max, 'input.uri', issues);
  if (checksum != null) checkText(checksum, limits.checksum_bytes_max, 'input.checksum', issues);
  if (sizeBytes != null && !(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0)) {
    issues.add('input.sizeBytes', `must be a whole number from 0 to 2^53 - 1, got ${sizeBytes}`);
  }
  if (metadata != null) checkObject(metadata, limits.metadata_bytes_max, 'input.metadata', issues);
  if (derivedFrom && derivedFrom.length > limits.derivedFrom_max) {
    const rule = `may hold at most ${limits.derivedFrom_max}, got ${derivedFrom.length}`;
    issues.add('input.derivedFrom', rule);
  }
}

/** Adds what is wrong with a judgement. */
export function checkJudgement({ name, score, details }: Judgement, issues: Issues): void {
  checkText(name, ARTIFACT_LIMITS.kind_bytes_max, 'input.name', issues);
  if (score != null && !(score >= 0 && score <= 1)) {
    issues.add('input.score', `must be from 0 to 1, got ${score}`);
  }
  if (details != null) {
    checkObject(details, ARTIFACT_LIMITS.metadata_bytes_max, 'input.details', issues);
  }
}
