/**
 * Artifacts, and the steps that made and used them, as the projector keeps them. An artifact is one item with what made
 * it and what it was derived from; the uses of a run are one item.
 */
import { createHash } from 'node:crypto';
import type { LineageArtifact, LineageUse } from '../graph/lineage-projection.ts';
import { groupBy } from '../group.ts';
import type { Sql } from '../sql.ts';
import {
  artifactsAfter,
  artifactsByIds,
  inParts,
  runsAfter,
  runsToBring,
  usesOfRuns,
} from './lineage-rows.ts';
import type { Batch, Changed, Item, Projected, Stage } from './projected.ts';

/** Runs that are compared at a time: each with all its uses. */
const COMPARED_RUNS = 50;

/** artifact, artifact_derivation and artifact_use. */
export const LINEAGE: Projected = {
  kinds: ['artifact', 'run'],
  async bring(batch, changed) {
    await bringArtifacts(batch, changed.get('artifact') ?? []);
    const ids = changed.get('run') ?? [];
    if (ids.length === 0) return;
    // A run changes with each of its events: its uses are read on from where they are known.
    await bringUses(batch, ids, await batch.held.lineage.seqs(ids));
  },
  async mend(batch, changed) {
    await bringArtifacts(batch, changed.get('artifact') ?? []);
    await bringWhole(batch, changed);
  },
  stages: [
    {
      name: 'artifacts',
      async work({ held, sql, mark }, after, limit) {
        const rows = await artifactsAfter(sql, after, limit);
        if (rows.length > 0) await held.lineage.writeArtifacts(rows, mark);
        return rows.at(-1)?.id ?? null;
      },
    },
    {
      name: 'uses',
      async work(batch, after, limit) {
        const ids = await runsAfter(batch.sql, after, limit);
        if (ids.length > 0) await bringWhole(batch, new Map([['run', ids]]));
        return ids.at(-1) ?? null;
      },
    },
    sweep('runs'),
    sweep('artifacts'),
    sweep('steps'),
  ],
  compared: [
    {
      item: 'artifact',
      kind: 'artifact',
      rowsAfter: async (sql, after, limit) =>
        artifactItems(await artifactsAfter(sql, after, limit)),
      storedAfter: async ({ lineage }, after, limit) =>
        artifactItems(await lineage.artifacts({ after, limit })),
      rows: async (sql, ids) => artifactItems(await artifactsByIds(sql, ids)),
      stored: async ({ lineage }, ids) => artifactItems(await lineage.artifacts({ ids })),
    },
    {
      item: 'run',
      kind: 'run',
      rowsAfter: async (sql, after) => rowItems(sql, await runsAfter(sql, after, COMPARED_RUNS)),
      storedAfter: async ({ lineage }, after) =>
        runItems(await lineage.uses({ after, limit: COMPARED_RUNS })),
      rows: (sql, ids) => rowItems(sql, ids),
      stored: async ({ lineage }, ids) => runItems(await lineage.uses({ ids })),
    },
  ],
};

async function bringArtifacts({ held, sql, mark }: Batch, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const rows = await artifactsByIds(sql, ids);
  if (rows.length > 0) await held.lineage.writeArtifacts(rows, mark);
  const found = new Set(rows.map(({ id }) => id));
  const gone = ids.filter((id) => !found.has(id));
  if (gone.length > 0) await held.lineage.removeArtifacts(gone);
}

/** Part by part: a batch of changes may be of runs with many uses. All is of one transaction of Neo4j. */
async function bringUses(
  { held, sql, mark }: Batch,
  ids: readonly string[],
  known?: ReadonlyMap<string, number>,
): Promise<void> {
  const there = await runsToBring(sql, ids, known);
  const anew = there.filter(({ isAnew }) => isAnew).map(({ id }) => id);
  if (anew.length > 0) await held.lineage.forgetUses(anew);
  for (const part of inParts(there)) {
    const { runs, uses } = await usesOfRuns(sql, part);
    if (runs.length > 0) await held.lineage.writeUses(runs, uses, mark);
  }
  const found = new Set(there.map(({ id }) => id));
  const gone = ids.filter((id) => !found.has(id));
  if (gone.length > 0) await held.lineage.removeRuns(gone);
}

/** All uses of these runs, in place of those that are stored. */
async function bringWhole(batch: Batch, changed: Changed): Promise<void> {
  const ids = changed.get('run') ?? [];
  if (ids.length === 0) return;
  await batch.held.lineage.forgetUses(ids);
  await bringUses(batch, ids);
}

function sweep(what: 'artifacts' | 'runs' | 'steps'): Stage {
  return {
    name: `sweep ${what}`,
    async work({ held, mark }, after, limit) {
      const { last } = await held.lineage.sweep(what, mark, after, limit);
      return last;
    },
  };
}

function artifactItems(artifacts: readonly LineageArtifact[]): Item[] {
  return artifacts.map(({ id, workspaceId, version, maker, upstreamIds }) => ({
    id,
    workspaceId,
    version,
    maker: maker && `${maker.workspaceId} ${maker.runId} ${maker.stepKey}`,
    derivedFrom: upstreamIds.toSorted().join(' '),
  }));
}

async function rowItems(sql: Sql, ids: readonly string[]): Promise<Item[]> {
  return runItems((await usesOfRuns(sql, await runsToBring(sql, ids))).uses);
}

/** Of runs that have uses. */
function runItems(uses: readonly LineageUse[]): Item[] {
  return [...groupBy(uses, ({ runId }) => runId)]
    .map(([id, ofRun]) => ({ id, uses: ofRun.length, digest: digestOf(ofRun) }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function digestOf(uses: readonly LineageUse[]): string {
  const lines = uses.map(({ stepKey, artifactId }) => `${artifactId} ${stepKey}`).toSorted();
  return createHash('sha256').update(lines.join('\0')).digest('hex');
}
