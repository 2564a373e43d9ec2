/** What a rebuild of the projected graph promises; graph.test.ts runs it. */
import { describe, expect, test } from 'vitest';
import {
  gatedSql,
  rowLines,
  storedLines,
  withoutLock,
  type ProjectorOptions,
} from '../../e2e/kit/projection.ts';
import type { ProjectionWorld } from '../../e2e/kit/projection-world.ts';
import { until } from '../../e2e/kit/until.ts';
import { aNode, aRelation } from '../../gateway/stores/graph.contract.ts';
import { newEpoch } from '../events/feed/epoch.ts';
import { removeOldChanges } from '../events/feed/retention.ts';

/** Declares the suite. */
export function graphRebuildContract(world: ProjectionWorld): void {
  describe('a rebuild', () => {
    test('begins by itself where the store was emptied, and makes its constraints anew', async () => {
      await world.aSquare();
      const projector = await world.ready();
      await world.bare.empty('constraints');
      await world.write({ nodes: [aNode()] });
      await projector.catchUp().catch(() => projector.stepper.forget());
      await projector.catchUp();
      await world.expectEqual();
      const names = await world.bare.run<{ name: string }>('SHOW CONSTRAINTS YIELD name');
      expect(names.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['polyphony_node', 'polyphony_relation', 'polyphony_projection']),
      );
    });

    test.each([
      ['in a new epoch of the feed', () => newEpoch(world.database.sql)],
      [
        'where changes were removed before it read them',
        async () => {
          for (const node of [aNode(), aNode()]) await world.write({ nodes: [node] }); // The newest stays.
          const remove = () =>
            removeOldChanges(world.database.sql, new Date(Date.now() + 60_000), 10_000);
          await until('changes are removed', async () => (await remove()) > 0);
        },
      ],
    ])('begins by itself %s; until it ends the store is not complete', async (_when, spoil) => {
      const { a } = await world.aSquare();
      const projector = await world.ready();
      await spoil();
      await world.bare.run(
        `/* test.ghost */ CREATE (:Node {id: $id, workspaceId: $here, version: 99, mark: 1})`,
        {
          id: aNode().id,
          here: world.here(),
        },
      );
      await world.bare.run(
        '/* test.older */ MATCH (n:Node {id: $id}) SET n.version = 99, n.name = "other"',
        { id: a.id },
      );
      await projector.stepper.step();
      expect(projector.stepper.state()).toMatchObject({
        complete: false,
        rebuild: { stage: 'nodes' },
      });
      await projector.catchUp();
      expect(projector.stepper.state()).toMatchObject({ complete: true, rebuild: null });
      await world.expectEqual();
      expect(projector.seen.filter(({ what }) => what === 'rebuilt')).toHaveLength(2);
    });

    test('goes on where it was when its gateway ended, and what was complete stays so', async () => {
      const nodes = Array.from({ length: 25 }, () => aNode());
      await world.write({
        nodes,
        relations: nodes.map((node, at) => aRelation(node, nodes[at ? at - 1 : 0]!)),
      });
      const first = await world.ready({ batch_max: 10 });
      await first.stepper.rebuild('asked for');
      await first.stepper.step();
      const state = await first.parts.projection.state();
      expect(state).toMatchObject({
        complete: true,
        rebuild: { stage: 'nodes', after: expect.any(String) },
      });
      const second = await world.open({ batch_max: 10 });
      await second.stepper.step();
      const later = await first.parts.projection.state();
      expect(later!.rebuild!.after! > state!.rebuild!.after!).toBe(true);
      await Promise.all([first.catchUp(), second.catchUp()]);
      await world.expectEqual();
      expect(await first.parts.projection.state()).toMatchObject({
        complete: true,
        rebuild: null,
        generation: state!.generation,
      });
      const rebuilt = [...first.seen, ...second.seen].filter(({ what }) => what === 'rebuilt');
      expect(rebuilt).toHaveLength(2); // The first filling, and this one.
    });

    test('keeps a relation between a node that it has not met since it was made anew, and its ghost', async () => {
      const { a, b, relations } = await world.aSquare();
      const projector = await world.ready({ batch_max: 1 });
      // Nodes are met; then a goes and comes again with a relation, of which the projector does not hear yet.
      await projector.stepper.rebuild('asked for');
      await world.sql('DELETE FROM graph_node WHERE id = $1', [a.id]);
      const { projection } = projector.parts;
      const stages = async (name: string) => {
        while ((await projection.state())?.rebuild?.stage !== name) await projector.stepper.step();
      };
      await stages('relations');
      await world.write({
        nodes: [a],
        relations: [{ ...relations[0]!, kind: 'anew' }, aRelation(b, a)],
      });
      await projector.catchUp();
      await world.expectEqual();
    });

    /** Deletes a row beside a rebuild that has just read it; answers what is stored of it in the end. */
    async function ghostsOf(wrap?: ProjectorOptions['wrap']): Promise<string[]> {
      const { c } = await world.aSquare();
      const follower = await world.ready();
      const gate = gatedSql(world.database.sql, 'projection.rowsNodesAfter');
      const scanner = await world.open({ sql: gate.sql, ...(wrap ? { wrap } : {}) });
      await follower.stepper.rebuild('asked for');
      const scanning = scanner.stepper.step();
      await gate.reached;
      await world.sql('DELETE FROM graph_node WHERE id = $1', [c.id]);
      let isRemoved = false;
      const removing = follower.catchUp().then(() => (isRemoved = true));
      const blocked = `SHOW TRANSACTIONS YIELD status WHERE status STARTS WITH 'Blocked'`;
      await until('the removal is applied, or waits', async () => {
        return isRemoved || (await world.bare.run(blocked)).length > 0;
      });
      gate.open();
      await Promise.all([scanning, removing]);
      await follower.catchUp();
      const rows = await rowLines(world.database);
      return (await storedLines(world.bare)).filter(
        (line) => !rows.includes(line) && line.includes(c.id),
      );
    }

    test('lets no row come back that is deleted beside it, since it reads under the lock', async () => {
      expect(await ghostsOf()).toEqual([]);
      await world.expectEqual();
    });

    test('would let it come back without the lock', async () => {
      expect(await ghostsOf(withoutLock)).toHaveLength(1);
    });
  });
}
