/** What the projector keeps of lineage; graph.test.ts runs it. What is stored is compared by verify, which is harmed first. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestProjector } from '../../e2e/kit/projection.ts';
import type { ProjectionWorld } from '../../e2e/kit/projection-world.ts';
import { seedArtifacts, seedDerivations, seedRun, seedUses } from '../../e2e/kit/world.ts';
import type { Viewer } from '../policy.ts';
import { verifyGraph } from './graph-verify.ts';

/** Declares the suite. */
export function lineageProjectedContract(world: ProjectionWorld): void {
  describe('lineage', () => {
    let viewer: Viewer;
    beforeEach(async () => {
      viewer = { id: 'somebody', workspaceId: world.here(), roles: ['owner'] };
    });
    afterEach(async () => {
      await world.sql('DELETE FROM run');
      await world.sql('DELETE FROM artifact');
    });

    async function differences(projector: TestProjector, repair = false): Promise<string[]> {
      const found: string[] = [];
      await verifyGraph(projector.parts, {
        repair,
        found: ({ item, id, how, fields }) => void found.push([item, id, how, ...fields].join(' ')),
      });
      return found.toSorted();
    }

    const counts = async () => {
      const [count] = await world.bare.run(
        `/* test.counts */ RETURN COUNT { (:Artifact) } AS artifacts, COUNT { (:Step) } AS steps, COUNT { (:Run) } AS runs,
          COUNT { ()-[:USED]->() } AS used, COUNT { ()-[:MADE]->() } AS made, COUNT { ()-[:DERIVED]->() } AS derived`,
      );
      return count;
    };

    /** raw and more → align → bam, which report is derived from. */
    async function aLine() {
      const runId = await seedRun(world.database, ['align', 'merge'], { viewer });
      const [raw, more, bam, report] = (await seedArtifacts(
        world.database,
        [
          { name: 'raw' },
          { name: 'more' },
          { name: 'bam', runId, stepKey: 'align' },
          { name: 'report' },
        ],
        viewer,
      )) as [string, string, string, string];
      await seedUses(world.database, [
        [runId, 'align', raw],
        [runId, 'align', more],
        [runId, 'merge', bam],
      ]);
      await seedDerivations(world.database, [[bam, report]]);
      return { runId, raw, more, bam, report };
    }
    const LINE = { artifacts: 4, steps: 2, runs: 1, used: 3, made: 1, derived: 1 };

    test('is filled from the rows, then follows uses, makers, and what goes', async () => {
      const first = await aLine();
      const projector = await world.ready();
      expect(await counts()).toEqual(LINE);
      const second = await aLine();
      await projector.catchUp();
      expect(await counts()).toEqual({
        artifacts: 8,
        steps: 4,
        runs: 2,
        used: 6,
        made: 2,
        derived: 2,
      });
      await seedUses(world.database, [[second.runId, 'merge', first.raw]]);
      await world.sql(`UPDATE artifact SET run_id = $2, step_key = 'merge' WHERE id = $1`, [
        second.report,
        second.runId,
      ]);
      await world.sql('UPDATE artifact SET step_key = NULL WHERE id = $1', [second.bam]);
      await projector.catchUp();
      expect(await counts()).toEqual({
        artifacts: 8,
        steps: 4,
        runs: 2,
        used: 7,
        made: 2,
        derived: 2,
      });
      expect(await differences(projector)).toEqual([]);
      await world.sql('DELETE FROM artifact WHERE id = $1', [second.raw]);
      await world.sql('DELETE FROM run WHERE id = $1', [first.runId]); // With what it made.
      await projector.catchUp();
      expect(await counts()).toEqual({
        artifacts: 6,
        steps: 2,
        runs: 1,
        used: 3,
        made: 1,
        derived: 1,
      });
      expect(await differences(projector)).toEqual([]);
    });

    test('of a run only new uses are brought, and all of one that was made anew under its id', async () => {
      const { runId, raw, bam } = await aLine();
      await seedUses(world.database, [[runId, 'merge', raw]]);
      const projector = await world.ready();
      // Nobody tells of this: what is older than what is known is not looked for.
      await world.sql('DELETE FROM artifact_use WHERE artifact_id = $1', [bam]);
      await seedUses(world.database, [[runId, 'align', bam]]);
      await projector.catchUp();
      expect((await counts())!).toMatchObject({ used: 5 });
      expect(await differences(projector, true)).toEqual([`run ${runId} other uses digest`]);
      expect(await differences(projector)).toEqual([]);
      expect((await counts())!).toMatchObject({ used: 4 });
      await world.sql('UPDATE run SET version = 0 WHERE id = $1', [runId]);
      await world.sql('DELETE FROM artifact_use');
      await world.sql('DELETE FROM run_event');
      await seedUses(world.database, [[runId, 'merge', raw]]);
      await projector.catchUp();
      expect((await counts())!).toMatchObject({ used: 1 });
      expect(await differences(projector)).toEqual([]);
    });

    test('a page is as many statements for a hundred rows as for one', async () => {
      const projector = await world.ready();
      const seen: string[][] = [];
      for (const count of [1, 10, 100]) {
        for (let at = 0; at < count; at += 1) await aLine();
        world.database.statements();
        projector.calls();
        await projector.stepper.step();
        seen.push([...world.database.statements(), ...projector.calls()]);
      }
      expect(seen[0]).toEqual([
        'feed.page',
        'projection.rowsArtifacts',
        'projection.rowsRuns',
        'projection.rowsUses',
        'projection.lock',
        'lineage.writeArtifacts',
        'lineage.seqs',
        'lineage.writeRuns',
        'lineage.writeUses',
        'projection.move',
      ]);
      expect(seen[1]).toEqual(seen[0]);
      expect(seen[2]).toEqual(seen[0]);
      expect(await differences(projector)).toEqual([]);
    });

    test('what is missing, too much or other is found and mended, by verify and by a rebuild', async () => {
      const { runId, raw, more, bam, report } = await aLine();
      const projector = await world.ready({ batch_max: 2 });
      const [ghost, ghostRun] = [crypto.randomUUID(), crypto.randomUUID()];
      const harm = () =>
        world.bare.run(
          `/* test.harm */ MATCH (raw:Artifact {id: $raw}), (more:Artifact {id: $more})-[used:USED]->(s:Step),
            (bam:Artifact {id: $bam})<-[made:MADE]-(s), (report:Artifact {id: $report})
          SET report.version = 9 DELETE used, made DETACH DELETE raw
          CREATE (g:Artifact {id: $ghost, workspaceId: 'x', version: 1})-[:DERIVED]->(report)
          CREATE (g)-[:USED]->(:Step {id: $ghostRun + ' s', runId: $ghostRun, stepKey: 's', workspaceId: 'x'})
          MERGE (r:Run {id: $ghostRun}) SET r.seq = 5, r.mark = 1`,
          { raw, more, bam, report, ghost, ghostRun },
        );
      await harm();
      const found = [
        `artifact ${raw} missing`,
        `artifact ${bam} other maker`,
        `artifact ${report} other version derivedFrom`,
        `artifact ${ghost} extra`,
        `run ${runId} other uses digest`,
        `run ${ghostRun} extra`,
      ].toSorted();
      expect(await differences(projector)).toEqual(found);
      expect(await differences(projector, true)).not.toEqual([]);
      expect(await differences(projector)).toEqual([]);
      expect(await counts()).toMatchObject({ ...LINE, runs: expect.any(Number) }); // One without uses says nothing.
      await harm();
      await projector.stepper.rebuild('asked for');
      await projector.catchUp();
      expect(await counts()).toEqual(LINE);
      expect(await differences(projector)).toEqual([]);
    });
  });
}
