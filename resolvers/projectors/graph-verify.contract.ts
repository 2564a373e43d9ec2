/** What `polyphony verify graph` promises; graph.test.ts runs it. */
import { describe, expect, test } from 'vitest';
import type { TestProjector } from '../../e2e/kit/projection.ts';
import type { ProjectionWorld } from '../../e2e/kit/projection-world.ts';
import { aNode, aRelation } from '../../gateway/stores/graph.contract.ts';
import type { GraphRelation } from '../graph/port.ts';
import type { Sql } from '../sql.ts';
import { verifyGraph, type Difference } from './graph-verify.ts';

/** Declares the suite. */
export function graphVerifyContract(world: ProjectionWorld): void {
  describe('verify', () => {
    async function verify(projector: TestProjector, repair = false) {
      const found: string[] = [];
      const line = ({ item, id, how, fields }: Difference) => [item, id, how, ...fields].join(' ');
      const verified = await verifyGraph(projector.parts, {
        repair,
        found: (difference) => void found.push(line(difference)),
      });
      return { ...verified, found: found.toSorted() };
    }

    test('finds what is missing, what is too much and what is other, and mends it', async () => {
      const { a, b, c, d, relations } = await world.aSquare();
      const more = Array.from({ length: 600 }, () => aNode());
      await world.write({ nodes: more });
      const projector = await world.ready();
      const clean = {
        compared: { node: 604, relation: 4, artifact: 0, run: 0 },
        differences: 0,
        mended: 0,
        found: [],
      };
      expect(await verify(projector)).toEqual(clean);
      const [ghost, tie] = [aNode(), aRelation(a, b)];
      const [ab, bc, cd, dd] = relations as [
        GraphRelation,
        GraphRelation,
        GraphRelation,
        GraphRelation,
      ];
      await world.bare.run(
        `/* test.harm */ MATCH (a:Node {id: $a}), (b:Node {id: $b}), (c:Node {id: $c}), (d:Node {id: $d})
        SET a.name = 'other', a.version = 7 SET b.properties = '{"n": 1.5, "name": "c"}'
        CREATE (:Node {id: $ghost}) CREATE (a)-[:REL {id: $tie}]->(b) DETACH DELETE c
        WITH d MATCH (d)-[r:REL]->(d) SET r.kind = 'other'`,
        { a: a.id, b: b.id, c: c.id, d: d.id, ghost: ghost.id, tie: tie.id },
      );
      const found = [
        `node ${a.id} other name version`,
        `node ${b.id} other properties`,
        `node ${c.id} missing`,
        `node ${ghost.id} extra`,
        `relation ${bc.id} missing`,
        `relation ${cd.id} missing`,
        `relation ${dd.id} other kind`,
        `relation ${tie.id} extra`,
      ].toSorted();
      expect(await verify(projector)).toEqual({ ...clean, differences: 8, found });
      await world.bare.run(
        `/* test.move */ MATCH ()-[r:REL {id: $id}]->(b) WITH r, b, properties(r) AS values
        DELETE r CREATE (b)-[s:REL]->(b) SET s = values`,
        { id: ab.id },
      );
      const moved = [...found, `relation ${ab.id} other fromId`].toSorted();
      const mended = await verify(projector, true);
      expect(mended).toEqual({ ...clean, differences: 9, mended: 9, found: moved });
      await world.expectEqual();
      expect(await verify(projector)).toEqual(clean);
    });

    test('calls nothing a difference that is still to be applied', async () => {
      const { a, b, relations } = await world.aSquare();
      const projector = await world.ready();
      let writes = 0;
      const busy: Sql = {
        ...world.database.sql,
        async query(statement, values) {
          if (statement.name.startsWith('projection.rows') && writes < 8) {
            writes += 1;
            await world.sql('UPDATE graph_node SET name = $2 WHERE id = $1', [
              a.id,
              `name ${writes}`,
            ]);
            await world.sql('DELETE FROM graph_relation WHERE id = $1', [relations[0]!.id]);
            await world.write({ nodes: [aNode()], relations: [aRelation(b, a)] });
          }
          return world.database.sql.query(statement, values);
        },
      };
      const behind = await world.open({ sql: busy });
      expect(await verify(behind, true)).toMatchObject({ differences: 0, mended: 0 });
      expect(writes).toBeGreaterThan(3);
      await projector.catchUp();
      await world.expectEqual();
    });
  });
}
