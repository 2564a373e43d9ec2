/**
 * Keeps in Neo4j what lineage.ts walks: what the projector writes of it. Beside the artifacts and the steps there is
 * `(:Run {id, seq, mark})`, for how far the uses of a run are known; steps hold nothing; one that is left without a relation goes with the next rebuild.
 */
import type { HeldLineage, LineageArtifact } from '../../../resolvers/graph/lineage-projection.ts';
import { cypher, whole, type Run } from './client.ts';

/**
 * Each as given, with what made it and what it was derived from, in place of what is stored of that. Those that it was
 * derived from may not be stored yet: they are made, and are marked as met, for there is a row of each.
 */
const WRITE_ARTIFACTS = cypher<object>(
  'lineage.writeArtifacts',
  `UNWIND $rows AS row
  MERGE (a:Artifact {id: row.id})
  SET a.workspaceId = row.workspaceId, a.version = row.version, a.mark = $mark
  WITH a, row
  CALL { WITH a, row
    MATCH (a)<-[older:MADE]-(s:Step) WHERE row.maker IS NULL OR s.id <> row.maker.id
    DELETE older
  }
  CALL { WITH a, row
    MATCH (a)<-[older:DERIVED]-(b:Artifact) WHERE NOT b.id IN row.upstreamIds
    DELETE older
  }
  FOREACH (maker IN CASE WHEN row.maker IS NULL THEN [] ELSE [row.maker] END |
    MERGE (s:Step {id: maker.id}) SET s += maker
    MERGE (s)-[:MADE]->(a)
  )
  FOREACH (id IN row.upstreamIds |
    MERGE (b:Artifact {id: id}) ON CREATE SET b.workspaceId = row.workspaceId, b.version = -1
    SET b.mark = $mark
    MERGE (b)-[:DERIVED]->(a)
  )`,
);

const FORGET_USES = cypher<object>(
  'lineage.forgetUses',
  'MATCH (s:Step)<-[r:USED]-() WHERE s.runId IN $ids DELETE r',
);

const WRITE_RUNS = cypher<object>(
  'lineage.writeRuns',
  'UNWIND $rows AS row MERGE (r:Run {id: row.id}) SET r.seq = row.seq, r.mark = $mark',
);

/** An artifact that is not stored yet is made, and marked as met, as above. */
const WRITE_USES = cypher<object>(
  'lineage.writeUses',
  `UNWIND $rows AS row
  MERGE (s:Step {id: row.step.id}) SET s += row.step
  MERGE (a:Artifact {id: row.artifactId})
    ON CREATE SET a.workspaceId = row.step.workspaceId, a.version = -1
  SET a.mark = $mark
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
  `CALL { MATCH (s:Step) WHERE s.runId IN $ids DETACH DELETE s }
  MATCH (r:Run) WHERE r.id IN $ids DELETE r`,
);

const SEQS = cypher<{ id: string; seq: number }>(
  'lineage.seqs',
  'MATCH (r:Run) WHERE r.id IN $ids RETURN r.id AS id, r.seq AS seq',
);

interface SweptRow {
  readonly last: string | null;
  readonly removed: number;
}

const sweep = (what: string, label: string, isOld: string, remove: string) =>
  cypher<SweptRow>(
    `lineage.sweep${what}`,
    `MATCH (x:${label}) WHERE x.id > $after WITH x ORDER BY x.id LIMIT $limit
    WITH collect(x) AS met
    WITH met[-1].id AS last, [x IN met WHERE ${isOld}] AS old
    WITH last, old, size(old) AS removed
    CALL { WITH old UNWIND old AS x ${remove} }
    RETURN last, removed`,
  );
const IS_OLD = 'coalesce(x.mark, -1) <> $mark';
const SWEEP = {
  artifacts: sweep('Artifacts', 'Artifact', IS_OLD, 'DETACH DELETE x'),
  runs: sweep(
    'Runs',
    'Run',
    IS_OLD,
    'OPTIONAL MATCH (s:Step {runId: x.id})<-[r:USED]-() DELETE r WITH DISTINCT x DELETE x',
  ),
  steps: sweep('Steps', 'Step', 'NOT EXISTS { (x)--() }', 'DELETE x'),
};

/** Within a transaction that has the lock of the projection. */
export function heldLineage(run: Run): HeldLineage {
  return {
    async writeArtifacts(artifacts, mark) {
      await run(WRITE_ARTIFACTS, { rows: artifacts.map(artifactRow), mark: whole(mark) });
    },
    async seqs(runIds) {
      const rows = await run(SEQS, { ids: [...runIds] });
      return new Map(rows.map(({ id, seq }) => [id, seq]));
    },
    async writeUses(runs, uses, mark) {
      const workspaces = new Map(runs.map(({ id, workspaceId }) => [id, workspaceId]));
      const rows = uses.map(({ runId, stepKey, artifactId }) => ({
        step: stepRow(runId, stepKey, workspaces.get(runId)!),
        artifactId,
      }));
      const seqs = runs.map(({ id, seq }) => ({ id, seq: whole(seq) }));
      await run(WRITE_RUNS, { rows: seqs, mark: whole(mark) });
      await run(WRITE_USES, { rows, mark: whole(mark) });
    },
    async forgetUses(runIds) {
      await run(FORGET_USES, { ids: [...runIds] });
    },
    async removeArtifacts(ids) {
      await run(REMOVE_ARTIFACTS, { ids: [...ids] });
    },
    async removeRuns(ids) {
      await run(REMOVE_RUNS, { ids: [...ids] });
    },
    async sweep(what, mark, from, limit) {
      const numbers = { mark: whole(mark), limit: whole(limit) };
      const [row] = await run(SWEEP[what], { ...numbers, after: from ?? '' });
      return { last: row?.last ?? null, removed: row?.removed ?? 0 };
    },
  };
}

function artifactRow({ id, workspaceId, version, maker, upstreamIds }: LineageArtifact) {
  return {
    id,
    workspaceId,
    version: whole(version),
    maker: maker && stepRow(maker.runId, maker.stepKey, maker.workspaceId),
    upstreamIds: [...upstreamIds],
  };
}

function stepRow(runId: string, stepKey: string, workspaceId: string) {
  return { id: `${runId} ${stepKey}`, runId, stepKey, workspaceId };
}
