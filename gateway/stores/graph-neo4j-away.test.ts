import neo4jDriver from 'neo4j-driver';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownNeo4jOrNull, type Neo4jServer } from '../../e2e/kit/neo4j-server.ts';
import { openWire } from '../../e2e/kit/tcp-proxy.ts';
import { Unavailable } from '../../resolvers/errors.ts';
import type { Graph } from '../../resolvers/graph/port.ts';
import { newId } from '../../resolvers/keys.ts';
import type { Neo4jCall } from './graph-neo4j/client.ts';
import { openGraphNeo4j, type GraphNeo4j } from './graph-neo4j.ts';
import { aNode } from './graph.contract.ts';

const DEADLINE_ms = 700;
/** What a busy machine may add to a deadline. */
const SLACK_ms = 400;

const neo4j = await ownNeo4jOrNull();
afterAll(() => neo4j?.stop());

describe.skipIf(!neo4j)('a server that is harmed', () => {
  const server = () => neo4j as Neo4jServer;
  let store: GraphNeo4j;
  const [space, node] = [newId(), aNode()];
  beforeAll(async () => {
    await patiently((graph) => graph.write(space, { nodes: [node] }));
    const settings = { url: neo4j!.url, timeout_ms: DEADLINE_ms, connections_max: 4 };
    store = await openGraphNeo4j(settings);
  });
  afterAll(() => store.close());

  /** A first statement of a server is planned for longer than the deadline. */
  async function patiently(work: (graph: Graph) => Promise<unknown>): Promise<void> {
    const settings = { url: neo4j!.url, timeout_ms: 100_000, connections_max: 1 };
    const patient = await openGraphNeo4j(settings);
    try {
      await work(patient.graph);
    } finally {
      await patient.close();
    }
  }

  async function refusals(count: number): Promise<number> {
    const began_ms = performance.now();
    const asked = Array.from({ length: count }, () => store.graph.nodes(space, [node.id]));
    const answers = await Promise.allSettled([
      ...asked,
      store.graph.write(space, { nodes: [node] }),
    ]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 'rejected', reason: expect.any(Unavailable) });
    }
    return performance.now() - began_ms;
  }

  /** Until it answers again; the first may still be one that the outage has left behind. */
  async function recovered(): Promise<void> {
    await patiently((graph) => graph.nodes(space, [node.id]));
    await expect
      .poll(() => store.graph.nodes(space, [node.id]).catch(() => null), { timeout: 120_000 })
      .toEqual([node]);
  }

  test('paused: all callers are refused at the deadline, more than there are connections, and it goes on', async () => {
    await recovered();
    await server().pause();
    try {
      expect(await refusals(10)).toBeLessThan(DEADLINE_ms + SLACK_ms);
      expect(await refusals(2)).toBeLessThan(DEADLINE_ms + SLACK_ms);
    } finally {
      server().resume();
    }
    await recovered();
  }, 240_000);

  test('connections that are dead though nobody says so are given up, and others are made', async () => {
    const wire = await openWire(server().port);
    const url = `bolt://127.0.0.1:${wire.port}`;
    const behind = await openGraphNeo4j({ url, timeout_ms: DEADLINE_ms, connections_max: 1 });
    const read = () => behind.graph.nodes(space, [node.id]).catch((error: unknown) => error);
    try {
      await expect.poll(read, { timeout: 60_000 }).toEqual([node]);
      wire.halfOpen();
      expect(await read()).toBeInstanceOf(Unavailable);
      wire.mend();
      expect(await read()).toBeInstanceOf(Unavailable); // The one connection is still waited for.
      await expect.poll(read, { timeout: 60_000 }).toEqual([node]);
      expect(wire.met().halfOpen).toBeGreaterThan(0);
    } finally {
      await behind.close();
      await wire.close();
    }
  }, 240_000);

  test('a statement past the deadline is ended by the server too', async () => {
    const calls: Neo4jCall[] = [];
    const called = (call: Neo4jCall) => void calls.push(call);
    const settings = { url: neo4j!.url, connections_max: 2, timeout_ms: DEADLINE_ms };
    const watched = await openGraphNeo4j({ ...settings, called });
    const driver = neo4jDriver.driver(neo4j!.url);
    const tx = await driver.session().beginTransaction();
    try {
      await tx.run('/* test.lock */ MATCH (n:Node {id: $id}) SET n.locked = true', { id: node.id });
      const newer = { ...node, version: 2 };
      const written = watched.graph.write(space, { nodes: [newer] });
      await expect(written).rejects.toThrow(Unavailable);
      await expect
        .poll(() => calls.at(-1)?.error, { timeout: 20_000 })
        .toMatch(/TransactionTimedOut|LockClientStopped/);
    } finally {
      await tx.rollback();
      await driver.close();
      await watched.close();
    }
  }, 240_000);

  test('killed: callers are refused within the deadline, and once it is there again it is used', async () => {
    await recovered();
    await server().kill();
    expect(await refusals(10)).toBeLessThan(DEADLINE_ms + SLACK_ms);
    await server().restart();
    await recovered();
  }, 240_000);
});
