/** The graph in Neo4j beside gateways that end and a server that is killed, paused and cut off: nothing lost or doubled. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runCommand } from '../gateway/cli/program.ts';
import type { Environment } from '../gateway/config.ts';
import { openLocalBus } from '../gateway/stores/bus-local.ts';
import { openFeedHub } from '../resolvers/live/feed/feed-hub.ts';
import { startProjector, type Projector } from '../resolvers/projectors/graph.ts';
import { PROJECTED_KINDS } from '../resolvers/projectors/graph-step.ts';
import { verifyGraph } from '../resolvers/projectors/graph-verify.ts';
import { DATABASES, type TestDatabase } from './kit/database.ts';
import { drain } from './kit/feed.ts';
import { graphWriters } from './kit/graph-writers.ts';
import { ownNeo4jOrNull, type Neo4jServer } from './kit/neo4j-server.ts';
import { WORLDS } from './kit/gateway.ts';
import {
  aProjector,
  bareNeo4j,
  rowLines,
  storedLines,
  type BareNeo4j,
  type TestProjector,
} from './kit/projection.ts';
import { openWire, type Wire } from './kit/tcp-proxy.ts';
import { until } from './kit/until.ts';
import { otherViewer } from './kit/world.ts';

const SEED = Number(process.env['TEST_SEED'] ?? Date.now() % 100_000);
/** So late an answer of a paused server counts as none. */
const TIMEOUT_ms = 8_000;
/** A server that has just begun plans each statement anew. */
const COLD_ms = 240_000;

const neo4j = await ownNeo4jOrNull();
afterAll(() => neo4j?.stop());

describe.skipIf(!neo4j)('a server of our own that is harmed', () => {
  const server = () => neo4j as Neo4jServer;
  let database: TestDatabase;
  let bare: BareNeo4j;
  let wire: Wire;
  beforeAll(async () => {
    database = await DATABASES.at(-1)!.open();
    bare = bareNeo4j(neo4j!.url);
    wire = await openWire(server().port);
  });
  afterAll(async () => {
    await bare.close();
    await wire.close();
    await database.close();
  });

  /** A gateway's projector, with a hub of its own. */
  async function aGateway(url: string) {
    const projector = await aProjector(database, url, { timeout_ms: TIMEOUT_ms, batch_max: 50 });
    const bus = openLocalBus();
    const hub = openFeedHub(database.sql, bus, { look_ms: 50 });
    let away = 0;
    const running: Projector = startProjector({
      ...projector.parts,
      hub,
      away: () => (away += 1),
      back: () => undefined,
    });
    return {
      projector,
      away: () => away,
      async end(how: 'stopped' | 'cut off') {
        if (how === 'cut off') await projector.close(); // What it was at fails.
        await running.stop();
        await hub.close();
        if (how === 'stopped') await projector.close();
      },
    };
  }

  test(`two projectors and a rebuild bring all of it, each change once (seed ${SEED})`, async () => {
    const { workspaceId } = await otherViewer(database);
    const writers = graphWriters(database, workspaceId, SEED);
    await writers.write(10);
    const patient = await aProjector(database, neo4j!.url);
    await patient.catchUp();
    const begin = (await patient.parts.projection.state())!;

    let one = await aGateway(`bolt://127.0.0.1:${wire.port}`);
    const other = await aGateway(neo4j!.url);
    const all: TestProjector[] = [one.projector, other.projector];
    await writers.write(10);
    wire.cut();
    await writers.write(10);
    await until('the one cut off is told of', () => one.away() > 0);
    wire.mend();
    await server().pause();
    try {
      await writers.write(10);
      await until('it is away to both', () => other.away() > 0);
    } finally {
      server().resume();
    }
    await writers.write(10);
    await patient.stepper.rebuild('asked for');
    await writers.write(10);
    const ending = one.end('cut off');
    one = await aGateway(`bolt://127.0.0.1:${wire.port}`);
    all.push(one.projector);
    const before = other.away();
    await server().kill();
    await writers.write(10);
    await until('it is away again', () => other.away() > before);
    await server().restart();
    await writers.write(10);

    const { feed, projection } = patient.parts;
    const end = await feed.first();
    const { changes } = await drain(feed, begin.position, 1_000, { kinds: PROJECTED_KINDS });
    const isApplied = async () => {
      const state = await projection.state().catch(() => null);
      return state?.rebuild === null && state.changes - begin.changes === changes.length;
    };
    await until('all is applied', isApplied, COLD_ms);
    await ending;
    await one.end('stopped');
    await other.end('stopped');
    await patient.catchUp();
    const state = (await projection.state())!;
    expect(state).toMatchObject({ complete: true, position: { epoch: end.epoch } });
    expect(state.changes - begin.changes).toBe(changes.length);
    // Counted by who was told that it had written: never more than there were.
    const applied = all.reduce((sum, each) => sum + each.applied(), 0);
    expect(applied).toBeLessThanOrEqual(changes.length);
    expect(all.filter((each) => each.applied() > 0).length).toBeGreaterThan(1);
    const found: unknown[] = [];
    const verified = await verifyGraph(patient.parts, {
      repair: false,
      found: (difference) => void found.push(difference),
    });
    expect(found).toEqual([]);
    expect(verified.differences).toBe(0);
    expect(await storedLines(bare)).toEqual(await rowLines(database));
    expect(wire.met().cut).toBeGreaterThan(0);
    await patient.close();
  }, 600_000);

  test('a gateway keeps it, and the command line compares, mends and rebuilds through it', async () => {
    await bare.empty();
    const world = await WORLDS[0]!.open(); // With the data folder, whose gateway does what commands ask.
    const settings = { ...world.settings, NEO4J_URL: neo4j!.url };
    const gateway = await world.start({ NEO4J_URL: neo4j!.url });
    const verify = (...flags: string[]) => command(['verify', 'graph', ...flags], settings);
    try {
      const made = await gateway.ask(UPSERT);
      expect(made.data).toMatchObject({ upsertEntities: { __typename: 'UpsertedEntities' } });
      await until('it is there', async () => (await storedLines(bare)).length === 2, COLD_ms);
      expect(await verify()).toMatchObject({ code: 0, stdout: '' });
      await bare.run(`/* test.harm */ MATCH (n:Node {key: 'BER'}) SET n.name = 'other'`);
      const harmed = await verify();
      expect(harmed.code).toBe(1);
      const difference = { item: 'node', how: 'other', fields: ['name'] };
      expect(JSON.parse(harmed.stdout)).toMatchObject(difference);
      const mended = await verify('--repair');
      expect(mended).toMatchObject({ code: 0, stdout: harmed.stdout });
      expect(mended.stderr).toContain(
        '2 nodes, 0 relations, 0 artifacts, 0 runs compared: 1 differences, 1 mended',
      );
      expect(await verify()).toMatchObject({ code: 0, stdout: '' });

      await bare.run('/* test.harm */ MATCH (n:Node) DELETE n');
      await bare.run(`/* test.harm */ CREATE (:Node {id: 'ghost'})`);
      expect(await command(['rebuild', 'graph'], settings)).toMatchObject({ code: 0 });
      expect(await verify()).toMatchObject({ code: 0, stdout: '' });
      const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
      expect(metrics).toMatch(/^polyphony_projection_lag_seconds 0$/m);
      expect(metrics).toMatch(/^polyphony_projection_changes_total \d+$/m);
      expect(metrics).toMatch(/^polyphony_projection_rebuilds_total [12]$/m);
      const wrong = await command(['verify', 'runs'], settings);
      expect(wrong).toMatchObject({ code: 2, stdout: '' });
      await gateway.drain();
      const alone = await command(['verify', 'graph'], world.settings);
      expect(alone).toMatchObject({ code: 2, stdout: '' });
      expect(alone.stderr).toContain('NEO4J_URL');
    } finally {
      await world.end();
    }
  }, 600_000);
});

/** `polyphony …` in this process. */
async function command(words: readonly string[], settings: Environment) {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    }),
  );
  try {
    return { code: await runCommand(words, settings), ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

const UPSERT = `mutation { upsertEntities(input: { entities: [
  { kind: "airport", key: "BER" }, { kind: "airport", key: "MUC" }
] }) { __typename ... on Refusal { message } ... on Invalid { issues { path message } } } }`;
