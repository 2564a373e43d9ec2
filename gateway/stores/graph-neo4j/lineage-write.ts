/**
 * Keeps in Neo4j what lineage.ts walks. What is written names artifacts that may not be there yet: those are made with
 * version -1, and hold the rest once their own row is written.
 */
import type { Run } from './client.ts';
import { cypher, whole } from './client.ts';

/** A row of `artifact`, with whose derivations it names. */
export interface LineageArtifact {
  readonly id: string;
  readonly workspaceId: string;
  readonly version: number;
  readonly maker: LineageStep | null;
  /** Artifacts that it was registered as derived from. */
  readonly upstreamIds: readonly string[];
}

/** A step of a run; of the run's workspace. */
export interface LineageStep {
  readonly runId: string;
  readonly stepKey: string;
  readonly workspaceId: string;
}

/** A row of `artifact_use`. */
export interface LineageUse {
  readonly step: LineageStep;
  readonly artifactId: string;
}

/** What is written together. */
export interface LineageBatch {
  readonly artifacts?: readonly LineageArtifact[];
  readonly uses?: readonly LineageUse[];
  readonly removedArtifacts?: readonly string[];
  /** With a run go its steps. */
  readonly removedRuns?: readonly string[];
}

/** An artifact that is stored with a higher version stays as it is. Who made one may change once: from nobody. */
const WRITE_ARTIFACTS = cypher<object>(
  'lineage.writeArtifacts',
  `UNWIND $rows AS row
  MERGE (a:Artifact {id: row.id}) ON CREATE SET a.version = -1
  SET a.workspaceId = row.workspaceId
  WITH a, row WHERE a.version <= row.version
  SET a.version = row.version
  WITH a, row
  CALL { WITH a, row
    MATCH (a)<-[older:MADE]-(s:Step) WHERE row.maker IS NULL OR s.id <> row.maker.id
    DELETE older
  }
  FOREACH (maker IN CASE WHEN row.maker IS NULL THEN [] ELSE [row.maker] END |
    MERGE (s:Step {id: maker.id}) SET s += maker
    MERGE (s)-[:MADE]->(a)
  )
  FOREACH (id IN row.upstreamIds |
    MERGE (b:Artifact {id: id}) ON CREATE SET b.workspaceId = row.workspaceId, b.version = -1
    MERGE (b)-[:DERIVED]->(a)
  )`,
);

const WRITE_USES = cypher<object>(
  'lineage.writeUses',
  `UNWIND $rows AS row
  MERGE (s:Step {id: row.step.id}) SET s += row.step
  MERGE (a:Artifact {id: row.artifactId}) ON CREATE SET a.workspaceId = row.step.workspaceId, a.version = -1
  MERGE (a)-[:USED]->(s)`,
);

/** With them go steps that nothing else tells of. */
const REMOVE_ARTIFACTS = cypher<object>(
  'lineage.removeArtifacts',
  `MATCH (a:Artifact) WHERE a.id IN $ids
  OPTIONAL MATCH (a)--(s:Step)
  WITH collect(DISTINCT a) AS gone, collect(DISTINCT s) AS steps
  FOREACH (a IN gone | DETACH DELETE a)
  WITH steps UNWIND steps AS s
  WITH s WHERE NOT EXISTS { (s)--() }
  DELETE s`,
);

const REMOVE_RUNS = cypher<object>(
  'lineage.removeRuns',
  'MATCH (s:Step) WHERE s.runId IN $ids DETACH DELETE s',
);

/** Writes within a transaction: artifacts, uses, then removals. The same again changes nothing. */
export async function writeLineage(run: Run, batch: LineageBatch): Promise<void> {
  const { artifacts = [], uses = [], removedArtifacts = [], removedRuns = [] } = batch;
  if (artifacts.length > 0) await run(WRITE_ARTIFACTS, { rows: artifacts.map(artifactRow) });
  if (uses.length > 0) {
    const rows = uses.map(({ step, artifactId }) => ({ step: stepRow(step), artifactId }));
    await run(WRITE_USES, { rows });
  }
  if (removedArtifacts.length > 0) await run(REMOVE_ARTIFACTS, { ids: [...removedArtifacts] });
  if (removedRuns.length > 0) await run(REMOVE_RUNS, { ids: [...removedRuns] });
}

function artifactRow({ id, workspaceId, version, maker, upstreamIds }: LineageArtifact) {
  return {
    id,
    workspaceId,
    version: whole(version),
    maker: maker && stepRow(maker),
    upstreamIds: [...upstreamIds],
  };
}

function stepRow({ runId, stepKey, workspaceId }: LineageStep) {
  return { id: `${runId} ${stepKey}`, runId, stepKey, workspaceId };
}
