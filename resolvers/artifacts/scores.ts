/** The scores that make an artifact's quality, for whoever writes a check: recordCheck and the log. */
import { statement, type Statement } from '../sql.ts';

/**
 * The newest score of each check of these artifacts ($1). True only while the caller holds the artifacts' row locks:
 * without them a check that is being recorded is missed, and with it what it did to the quality.
 */
export const NEWEST_SCORES: Statement<{
  readonly artifactId: string;
  readonly name: string;
  readonly score: number;
}> = statement(
  'artifacts.newestScores',
  `SELECT DISTINCT ON (artifact_id, name) artifact_id AS "artifactId", name, score
  FROM artifact_check WHERE artifact_id = ANY($1::uuid[])
  ORDER BY artifact_id, name, position DESC`,
);
