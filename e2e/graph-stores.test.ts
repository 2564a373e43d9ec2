/** Two gateways, one Postgres, one Neo4j that follows it, slowly or not at all: what a client of the graph is told. */
import neo4jDriver from 'neo4j-driver';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { probeNeo4j } from '../gateway/stores/neo4j-probe.ts';
import { openFeed } from '../resolvers/events/feed/feed.ts';
import { DATABASES, type TestDatabase } from './kit/database.ts';
import { startTestGateway, type TestGateway } from './kit/gateway.ts';
import { ownNeo4jOrNull } from './kit/neo4j-server.ts';
import { until } from './kit/until.ts';

vi.setConfig({ testTimeout: 420_000, hookTimeout: 240_000 });

const neo4j = await ownNeo4jOrNull();
const server = DATABASES.find(({ name }) => name === 'postgres');
afterAll(() => neo4j?.stop());

/** The rounds, so many at a time. */
const [ROUNDS, WRITERS] = [1_000, 25];
/** For what a token stands for; the projector is held up for longer now and then. */
const WAIT_ms = 1_000;

const WRITE = `mutation($entities: [EntityInput!]!, $relations: [EntityRelationInput!]!) {
  upsertEntities(input: { entities: $entities }) { __typename }
  upsertRelations(input: { relations: $relations }) { __typename }
  consistency }`;
const READ = `query($key: String!) { entityByKey(kind: "writer", key: $key) {
  neighbours(first: 5) { edges { relation { properties } node { name } } } } workflows { totalCount } }`;

interface Read {
  readonly data?: {
    readonly entityByKey: {
      readonly neighbours: {
        readonly edges: {
          readonly relation: { readonly properties: { readonly round: number } };
          readonly node: { readonly name: string };
        }[];
      };
    } | null;
    readonly workflows: { readonly totalCount: number };
  };
  readonly errors?: unknown;
  readonly extensions: {
    readonly explain: {
      readonly graph: { readonly store: string; readonly reason: string | null }[];
    };
  };
}

describe.skipIf(!neo4j || !server)('a graph in two stores', () => {
  let database: TestDatabase;
  let gateways: TestGateway[];
  beforeAll(async () => {
    database = await server!.open();
    const settings = {
      DATABASE_URL: database.url,
      NEO4J_URL: neo4j!.url,
      NEO4J_CONNECTIONS_MAX: 60,
      NEO4J_BREAKER_OPEN_MS: 200,
      NEO4J_STALE_MAX_MS: 60_000,
      NEO4J_CONSISTENCY_WAIT_MS: WAIT_ms,
    };
    gateways = [await startTestGateway(settings), await startTestGateway(settings)];
  });
  afterAll(async () => {
    await Promise.all(gateways.map((gateway) => gateway.drain()));
    await database.close();
  });

  async function post<Answer>(gateway: TestGateway, body: object, headers = {}): Promise<Answer> {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return (await response.json()) as Answer;
  }

  /** Writes a round under this key; answers the token. */
  async function write(gateway: TestGateway, key: string, round: number): Promise<string> {
    const [from, to] = [
      { kind: 'writer', key },
      { kind: 'written', key },
    ];
    const variables = {
      entities: [from, { ...to, name: `round ${round}` }],
      relations: [{ kind: 'wrote', from, to, properties: { round } }],
    };
    const { data } = await post<{ data: { consistency: string } }>(gateway, {
      query: WRITE,
      variables,
    });
    expect(data).toMatchObject({
      upsertEntities: { __typename: 'UpsertedEntities' },
      upsertRelations: { __typename: 'UpsertedRelations' },
    });
    return data.consistency;
  }

  /** The round that is shown, -1 for none, and which store showed it. */
  async function read(gateway: TestGateway, key: string, token?: string) {
    const headers = { 'x-explain': '1', ...(token ? { 'x-consistency': token } : {}) };
    const { data, errors, extensions } = await post<Read>(
      gateway,
      { query: READ, variables: { key } },
      headers,
    );
    expect(errors).toBeUndefined();
    const [edge] = data!.entityByKey?.neighbours.edges ?? [];
    const round = edge?.relation.properties.round ?? -1;
    if (edge && token) expect(edge.node.name).toBe(`round ${round}`);
    const [told] = extensions.explain.graph;
    return { round, by: told?.reason ?? told?.store ?? 'none', workflows: data!.workflows };
  }

  async function reading(wanted: string): Promise<void> {
    const [a, b] = gateways;
    await until(
      `both read from ${wanted}`,
      async () => {
        const [one, other] = [await read(a!, 'first'), await read(b!, 'first')];
        return one.by === wanted && other.by === wanted;
      },
      200_000,
    );
  }

  test('what is projected is read from Neo4j, and doctor finds nothing wrong', async () => {
    expect(gateways[0]!.uses.join()).toContain('Neo4j at bolt://');
    await write(gateways[0]!, 'first', 0);
    await reading('neo4j');
    await until('the other shows it', async () => (await read(gateways[1]!, 'first')).round === 0);
    const health = await (await fetch(`${gateways[0]!.url}/health/ready`)).json();
    expect(health).toMatchObject({ ready: true, stores: { neo4j: { ok: true, isRead: true } } });
    const probe = await probeNeo4j(neo4j!.url, await openFeed(database.sql).first());
    expect(probe).toMatchObject({ projection: 'up to date', findings: [] });
  });

  test('1,000 rounds of writing and reading with a token, by two gateways and a slow projector: nothing stale', async () => {
    await reading('neo4j');
    const over = new AbortController();
    const slow = slowProjector(neo4j!.url, over.signal);
    const [with_, without] = [tally(), tally()];
    await Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        for (let round = 0; round < ROUNDS / WRITERS; round += 1) {
          const [here, there] = round % 2 === 0 ? gateways : gateways.toReversed();
          const key = `writer ${writer}`;
          const token = await write(here!, key, round);
          const untold = round % 3 === 0 ? read(there!, key) : null;
          const told = await read(there!, key, token);
          with_.add(round - told.round, told.by);
          const seen = await untold;
          if (seen) without.add(round - seen.round, seen.by);
        }
      }),
    );
    over.abort();
    expect(await slow).toBeGreaterThan(10);
    console.log(`with a token: ${with_.text()}\nwithout:      ${without.text()}`);
    expect(with_.count()).toBe(ROUNDS);
    expect(with_.stale()).toBe(0);
    expect(with_.by('token')).toBeGreaterThan(0); // Or nothing was slow.
    expect(with_.by('neo4j')).toBeGreaterThan(ROUNDS / 20); // Or SQL alone would do.
    expect(without.stale()).toBeGreaterThan(0);
  });

  test.each([
    ['paused', () => neo4j!.pause(), () => neo4j!.resume()],
    ['killed', () => neo4j!.kill(), null],
  ])(
    '%s in the middle of writes and reads: every write is read, and all else is answered',
    async (how, harm, mend) => {
      await reading('neo4j');
      const over = new AbortController();
      const by = new Set<string>();
      const client = async (key: string) => {
        for (let round = 0; ; round += 1) {
          const [here, there] = round % 2 === 0 ? gateways : gateways.toReversed();
          const token = await write(here!, key, round);
          const seen = await read(there!, key, token);
          expect([seen.round, seen.workflows]).toEqual([round, { totalCount: 0 }]);
          by.add(seen.by);
          if (over.signal.aborted) return { key, round };
        }
      };
      const clients = Promise.all([client(`${how} one`), client(`${how} other`)]);
      await harm();
      await until('reads met it', () => by.has('away') || by.has('breaker'));
      const health = await (await fetch(`${gateways[0]!.url}/health/ready`)).json();
      expect(health).toMatchObject({ ready: true, stores: { neo4j: { ok: false } } });
      over.abort();
      const written = await clients;
      if (!mend) return; // That it is read again after a new start is in gateway/graph.test.ts.
      mend();
      await reading('neo4j');
      for (const { key, round } of written) {
        await until('it catches up', async () => (await read(gateways[1]!, key)).round === round);
      }
    },
  );
});

function tally() {
  const stores = new Map<string, number>();
  const rounds = new Map<number, number>();
  const count = () => [...rounds.values()].reduce((sum, one) => sum + one, 0);
  return {
    count,
    stale: () => count() - (rounds.get(0) ?? 0),
    by: (store: string) => stores.get(store) ?? 0,
    add(behind: number, by: string) {
      stores.set(by, (stores.get(by) ?? 0) + 1);
      rounds.set(behind, (rounds.get(behind) ?? 0) + 1);
    },
    text: () =>
      `answered by ${JSON.stringify(Object.fromEntries(stores))}; rounds behind ${JSON.stringify(
        Object.fromEntries([...rounds].toSorted(([a], [b]) => a - b)),
      )}`,
  };
}

/** Keeps the projector from its state for a while, again and again, as a busy server would; answers how often. */
async function slowProjector(url: string, over: AbortSignal): Promise<number> {
  const driver = neo4jDriver.driver(url);
  let held = 0;
  try {
    while (!over.aborted) {
      const tx = await driver.session().beginTransaction();
      await tx.run("/* test.hold */ MATCH (p:Projection {name: 'graph'}) SET p.held = true");
      await sleep(held % 24 === 23 ? 1.5 * WAIT_ms : 80 * Math.random());
      await tx.rollback();
      held += 1;
      await sleep(80 * Math.random());
    }
  } finally {
    await driver.close();
  }
  return held;
}
