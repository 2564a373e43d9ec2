/** Brings Neo4j's lineage up to the tables by reading them whole: for tests of its walks. */
import {
  writeLineage,
  type LineageArtifact,
  type LineageUse,
} from '../../gateway/stores/graph-neo4j/lineage-write.ts';
import type { Neo4jClient } from '../../gateway/stores/graph-neo4j/client.ts';
import { statement } from '../../resolvers/sql.ts';
import type { TestDatabase } from './database.ts';

const ARTIFACTS = statement<LineageArtifact>(
  'test.lineageArtifacts',
  `SELECT x.id, x.workspace_id AS "workspaceId", x.version,
    CASE WHEN x.step_key IS NOT NULL THEN jsonb_build_object('runId', run.id, 'stepKey', x.step_key,
      'workspaceId', run.workspace_id) END AS maker,
    ARRAY(SELECT upstream_id FROM artifact_derivation WHERE downstream_id = x.id) AS "upstreamIds"
  FROM artifact x LEFT JOIN run ON run.id = x.run_id`,
);
const USES = statement<LineageUse>(
  'test.lineageUses',
  `SELECT x.artifact_id AS "artifactId", jsonb_build_object('runId', run.id, 'stepKey', x.step_key,
    'workspaceId', run.workspace_id) AS step
  FROM artifact_use x JOIN run ON run.id = x.run_id`,
);

/** Copies all rows of all workspaces, where they are not those of the last time: what it was then answered. */
export async function copyLineage(
  { sql }: TestDatabase,
  client: Neo4jClient,
  last: string,
): Promise<string> {
  const [artifacts, uses] = [await sql.query(ARTIFACTS), await sql.query(USES)];
  const now = JSON.stringify([artifacts, uses]);
  if (now !== last) await client.write((run) => writeLineage(run, { artifacts, uses }));
  return now;
}
