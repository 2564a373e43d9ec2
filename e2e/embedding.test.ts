import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startEmbeddingServer, type EmbeddingServer } from './kit/embedding-server.ts';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';
import { until } from './kit/until.ts';

const PUT = `mutation { putDocument(input: { key: "a", title: "A title", text: "homologous recombination" }) { __typename } }`;
/** Misspelt: no word of it is in the text. */
const SEARCH = `{ searchKnowledge(text: "homologus recombinatoin", types: [DOCUMENT]) {
  hits { reasons { source } node { ... on Document { title } } } sources { source unavailable } } }`;

interface Found {
  readonly searchKnowledge: {
    readonly hits: readonly object[];
    readonly sources: readonly { readonly source: string; readonly unavailable: string | null }[];
  };
}

describe.each(WORLDS)('$name', ({ open }) => {
  let world: World;
  let server: EmbeddingServer;
  beforeEach(async () => {
    world = await open();
    server = await startEmbeddingServer();
  });
  afterEach(async () => {
    await world.end();
    await server.close();
  });

  async function search(gateway: TestGateway) {
    const { data } = await gateway.ask<Found>(SEARCH);
    return data!.searchKnowledge;
  }
  async function lag(gateway: TestGateway): Promise<string | undefined> {
    const text = await (await fetch(`${gateway.url}/metrics`)).text();
    return /^polyphony_embedding_lag_seconds (.*)$/m.exec(text)?.[1];
  }

  test('a gateway embeds what is put, through an embedder that is away for a while', async () => {
    server.instead((response) => response.writeHead(503).end());
    const settings = {
      EMBEDDER_URL: server.url,
      EMBEDDER_MODEL: 'm',
      EMBEDDER_TIMEOUT_MS: 2_000,
      SEED: 'off',
    };
    const gateway = await world.start(settings);
    expect(await gateway.ask(PUT)).toEqual({ data: { putDocument: { __typename: 'Document' } } });
    const before = await search(gateway);
    expect(before.hits).toEqual([]);
    expect(before.sources).toMatchObject([
      { source: 'WORDS', unavailable: null },
      { source: 'VECTOR', unavailable: expect.stringMatching(/503/) as string },
    ]);
    server.instead(null);
    await until('it is found by its vector', async () => (await search(gateway)).hits.length > 0);
    expect((await search(gateway)).hits).toEqual([
      { reasons: [{ source: 'VECTOR' }], node: { title: 'A title' } },
    ]);
    await until('nothing is behind', async () => (await lag(gateway)) === '0');
    const asked = server.asked.flatMap(({ body }) => body.input);
    expect(asked).toContain('A title\nhomologous recombination');
  });
});
