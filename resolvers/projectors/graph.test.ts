/** The projector of the graph step by step, on real stores; what befalls it is in e2e/projection.test.ts. */
import { afterAll, describe, expect, test } from 'vitest';
import { addWorkflows } from '../../e2e/kit/feed.ts';
import { ownNeo4jOrNull } from '../../e2e/kit/neo4j-server.ts';
import { storedLines } from '../../e2e/kit/projection.ts';
import { projectionWorld } from '../../e2e/kit/projection-world.ts';
import { aNode, aRelation } from '../../gateway/stores/graph.contract.ts';
import { Conflict } from '../errors.ts';
import { graphRebuildContract } from './graph-rebuild.contract.ts';
import { lineageProjectedContract } from './lineage-projected.contract.ts';
import { rebuildGraph } from './graph-step.ts';
import { graphVerifyContract } from './graph-verify.contract.ts';
import { verifyGraph } from './graph-verify.ts';

const neo4j = await ownNeo4jOrNull();
afterAll(() => neo4j?.stop());

describe.skipIf(!neo4j)('the projector of the graph', () => {
  const world = projectionWorld(() => neo4j!.url);

  test('a new store is filled from the rows, then follows commands, plain SQL, deletes and cascades', async () => {
    const { a, b, c, relations } = await world.aSquare();
    const projector = await world.open();
    expect(await projector.parts.projection.state()).toBeNull();
    await projector.catchUp();
    await world.expectEqual();
    expect(await projector.parts.projection.state()).toMatchObject({
      complete: true,
      rebuild: null,
    });
    await world.sql(
      `UPDATE graph_node SET name = name || ' ünï', properties = '{"x": [1, {"y": null}]}'`,
    );
    await world.sql(`UPDATE graph_relation SET from_id = $1, to_id = $2 WHERE id = $3`, [
      c.id,
      c.id,
      relations[0]!.id,
    ]);
    await projector.catchUp();
    await world.expectEqual();
    await world.sql('DELETE FROM graph_node WHERE id = $1', [b.id]);
    await world.write({
      nodes: [{ ...a, version: 40 }],
      relations: [aRelation(a, c), aRelation(c, a)],
    });
    await world.sql('DELETE FROM graph_relation WHERE from_id = $1', [c.id]);
    await projector.catchUp();
    await world.expectEqual();
    await world.sql('DELETE FROM workspace WHERE id = $1', [world.here()]);
    await projector.catchUp();
    expect(await storedLines(world.bare)).toEqual([]);
  }, 240_000);

  test('an id that is deleted and made anew begins at version 1, and is what it says then', async () => {
    const { a, b, relations } = await world.aSquare();
    await world.sql(`UPDATE graph_node SET version = 50`);
    const projector = await world.ready();
    await world.sql('DELETE FROM graph_node WHERE id = $1', [a.id]);
    await world.write({
      nodes: [{ ...a, name: 'again' }],
      relations: [{ ...relations[0]!, kind: 'again' }],
    });
    await world.sql('DELETE FROM graph_relation WHERE id = $1', [relations[1]!.id]);
    await world.write({
      relations: [aRelation(b, a, { id: relations[1]!.id, kind: 'other way' })],
    });
    await projector.catchUp();
    await world.expectEqual();
    expect((await storedLines(world.bare)).join('\n')).toMatch(/ again .* 1$/m);
  });

  test('a relation that comes before its end, since that was committed under a later id, brings it along', async () => {
    const { a } = await world.aSquare();
    const projector = await world.ready({ batch_max: 1 });
    const late = aNode({ name: 'late' });
    const relation = aRelation(a, late);
    const client = await world.database.pool.connect();
    await client.query('BEGIN; SELECT pg_current_xact_id()');
    await world.write({ nodes: [late] });
    await client.query(
      `/* test.late */ INSERT INTO graph_relation (id, workspace_id, kind, from_id, to_id) VALUES ($1, $2, 'late', $3, $4)`,
      [relation.id, world.here(), a.id, late.id],
    );
    await client.query('COMMIT');
    client.release();
    await projector.stepper.step();
    expect(projector.calls()).toEqual([
      'projection.lock',
      'projection.writeRelations',
      'projection.writeNodes',
      'projection.writeRelations',
      'projection.move',
    ]);
    await world.expectEqual();
    await projector.catchUp();
    await world.expectEqual();
    expect(projector.applied()).toBe(2);
  });

  test('of two that take the same page one writes it, and the other nothing', async () => {
    const [one, other] = [await world.ready(), await world.ready()];
    const before = await one.parts.projection.state();
    const nodes = Array.from({ length: 20 }, () => aNode());
    await world.write({ nodes });
    const did = await Promise.all([one.stepper.step(), other.stepper.step()]);
    expect(did.toSorted()).toEqual(['idle', 'lost']);
    await Promise.all([one.catchUp(), other.catchUp()]);
    expect(one.applied() + other.applied()).toBe(20);
    const after = await one.parts.projection.state();
    expect(after!.changes - before!.changes).toBe(20);
    await world.expectEqual();
  });

  test('past changes of other kinds the position is moved, at most once a second', async () => {
    let now_ms = Date.UTC(2030, 0, 1);
    const projector = await world.ready({ now: () => new Date(now_ms) });
    for (let commit = 0; commit < 5; commit += 1) {
      await addWorkflows(world.database.pool, 1);
      now_ms += 199;
      await projector.catchUp();
    }
    expect(projector.calls()).toEqual([]);
    now_ms += 5; // One second since the position was written.
    await projector.catchUp();
    expect(projector.calls()).toEqual(['projection.lock', 'projection.move']);
    await projector.catchUp();
    expect(projector.calls()).toEqual([]);
    expect(projector.stepper.position()).toEqual(
      (await projector.parts.projection.state())!.position,
    );
    expect(projector.stepper.position()).toEqual(await projector.parts.feed.first());
  });

  test.each([1, 10, 100])(
    '%i changed rows of each kind cost the same statements',
    async (count) => {
      const nodes = Array.from({ length: count }, () => aNode());
      const gone = Array.from({ length: count }, () => aNode());
      await world.write({
        nodes: [...nodes, ...gone],
        relations: gone.map((node) => aRelation(node, node)),
      });
      const projector = await world.ready();
      await world.write({
        nodes: nodes.map((node) => ({ ...node, version: 2 })),
        relations: nodes.map((node) => aRelation(node, nodes[0]!)),
      });
      await world.sql('DELETE FROM graph_node WHERE id = ANY($1)', [gone.map(({ id }) => id)]);
      world.database.statements();
      await projector.stepper.step();
      expect(world.database.statements()).toEqual([
        'feed.page',
        'projection.rowsNodes',
        'projection.rowsRelations',
      ]);
      expect(projector.calls()).toEqual([
        'projection.lock',
        'projection.writeNodes',
        'projection.writeRelations',
        'projection.removeRelations',
        'projection.removeNodes',
        'projection.move',
      ]);
      expect(projector.applied()).toBe(4 * count);
      await world.expectEqual();
    },
  );

  test('rows that are too large together come in smaller batches', async () => {
    const properties = { a: 'x'.repeat(65_000) };
    const nodes = Array.from({ length: 140 }, () => aNode({ properties }));
    const projector = await world.ready();
    await world.write({ nodes });
    await world.write({ relations: [aRelation(nodes[0]!, nodes[1]!, { properties })] });
    await projector.catchUp();
    await world.expectEqual();
    const batches = projector.seen.filter(({ what }) => what === 'applied').length;
    expect(batches).toBeGreaterThan(1);
    expect(projector.applied()).toBe(141);
    await projector.stepper.rebuild('asked for');
    await projector.catchUp();
    await world.expectEqual();
  }, 120_000);

  test('what a newer gateway projects is left alone', async () => {
    const projector = await world.ready();
    await world.bare.run(`/* test.newer */ MATCH (p:Projection) SET p.shape = p.shape + 1`);
    await world.write({ nodes: [aNode()] });
    const older = await world.open();
    expect(await older.stepper.step()).toBe('idle');
    expect(await projector.stepper.step()).toBe('lost');
    expect(await projector.stepper.step()).toBe('idle');
    const { parts } = older;
    await expect(rebuildGraph(parts)).rejects.toThrow(Conflict);
    const asked = { repair: true, found: () => undefined };
    await expect(verifyGraph(parts, asked)).rejects.toThrow(Conflict);
    expect(await storedLines(world.bare)).toEqual([]);
  });

  test('a rebuild that a newer gateway began is not gone on with', async () => {
    await world.write({ nodes: [aNode()] });
    const older = await world.open();
    expect(await older.stepper.step()).toBe('more'); // It begins a rebuild …
    await world.bare.run(`/* test.newer */ MATCH (p:Projection) SET p.shape = p.shape + 1`);
    await older.stepper.step(); // … and knows of no other.
    expect(await storedLines(world.bare)).toEqual([]);
    expect(await older.stepper.step()).toBe('idle');
  });

  graphRebuildContract(world);
  lineageProjectedContract(world);
  graphVerifyContract(world);
});
