/** What Neo4j has of lineage, for who compares it with the rows. */
import type {
  LineageArtifact,
  LineageUse,
  StoredLineage,
  Wanted,
} from '../../../resolvers/graph/lineage-projection.ts';
import { cypher, whole, type Cypher, type Parameters } from './client.ts';

const artifacts = (name: string, which: string) =>
  cypher<LineageArtifact>(
    name,
    `${which}
    RETURN a.id AS id, a.workspaceId AS workspaceId, a.version AS version,
      head([(a)<-[:MADE]-(s:Step) | s {.runId, .stepKey, .workspaceId}]) AS maker,
      [(a)<-[:DERIVED]-(b:Artifact) | b.id] AS upstreamIds
    ORDER BY id`,
  );
const uses = (name: string, which: string) =>
  cypher<LineageUse>(
    name,
    `${which} MATCH (s:Step {runId: run})<-[:USED]-(a:Artifact)
    RETURN run AS runId, s.stepKey AS stepKey, a.id AS artifactId`,
  );

const ARTIFACTS = artifacts('lineage.storedArtifacts', 'MATCH (a:Artifact) WHERE a.id IN $ids');
const ARTIFACTS_AFTER = artifacts(
  'lineage.artifactsAfter',
  'MATCH (a:Artifact) WHERE a.id > $after WITH a ORDER BY a.id LIMIT $limit',
);
const USES = uses('lineage.storedUses', 'UNWIND $ids AS run');
const USES_AFTER = uses(
  'lineage.usesAfter',
  `MATCH (s:Step) WHERE s.runId > $after AND EXISTS { (s)<-[:USED]-() }
  WITH DISTINCT s.runId AS run ORDER BY run LIMIT $limit`,
);

/** By statements that run so. */
export function storedLineage(
  read: <Row>(text: Cypher<Row>, parameters: Parameters) => Promise<Row[]>,
): StoredLineage {
  return {
    artifacts: (of) => ask(ARTIFACTS, ARTIFACTS_AFTER, of),
    uses: (of) => ask(USES, USES_AFTER, of),
  };

  function ask<Row>(byIds: Cypher<Row>, after: Cypher<Row>, of: Wanted): Promise<Row[]> {
    return 'ids' in of
      ? read(byIds, { ids: [...of.ids] })
      : read(after, { after: of.after ?? '', limit: whole(of.limit) });
  }
}
