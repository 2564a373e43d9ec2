import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startEmbeddingServer, type EmbeddingServer } from '../../e2e/kit/embedding-server.ts';
import { Invalid, Unavailable } from '../../resolvers/errors.ts';
import { cosine, embedderSuite } from './embedder.contract.ts';
import { openHttpEmbedder } from './http.ts';
import { openLocalEmbedder } from './local.ts';

let server: EmbeddingServer;
beforeAll(async () => {
  server = await startEmbeddingServer();
});
afterAll(() => server.close());
beforeEach(() => {
  server.instead(null);
  server.asked.length = 0;
});

const overHttp = (timeout_ms = 10_000, url = server.url) =>
  openHttpEmbedder({ url, model: 'test-model', key: 'a secret', timeout_ms, retry_ms: 1 });

describe('local', () => {
  embedderSuite(openLocalEmbedder);

  test('the same text is the same vector to the bit, as it always was', async () => {
    const [vector] = await openLocalEmbedder().embed(['Aligned reads, 2nd run']);
    const places = vector!.flatMap((value, at) =>
      Math.abs(value) > 0.2 ? [[at, Math.sign(value)]] : [],
    );
    expect(places).toMatchSnapshot();
    expect(await openLocalEmbedder().embed(['Aligned reads, 2nd run'])).toEqual([vector]);
  });

  test('misspelt and inflected words stay near', async () => {
    const [one, misspelt, other] = await openLocalEmbedder().embed([
      'transcriptome',
      'transcriptomes',
      'quarterly',
    ]);
    expect(cosine(one!, misspelt!)).toBeGreaterThan(0.4);
    expect(Math.abs(cosine(one!, other!))).toBeLessThan(0.3);
  });
});

describe('over HTTP', () => {
  embedderSuite(() => overHttp());

  test('asks by model and key, for all texts of a call at once', async () => {
    await overHttp().embed(['one', '']);
    expect(server.asked).toMatchObject([
      { authorization: 'Bearer a secret', body: { model: 'test-model', input: ['one', ' '] } },
    ]);
  });

  test.each([429, 500, 503])('%i passes: it is asked again, and answers', async (status) => {
    let times = 0;
    server.instead((response) => {
      times += 1;
      if (times === 2) server.instead(null);
      response.writeHead(status, { 'retry-after': '0' }).end();
    });
    expect(await overHttp().embed(['a'])).toHaveLength(1);
    expect(server.asked).toHaveLength(3);
  });

  test('what does not pass after four tries is unavailable', async () => {
    server.instead((response) => response.writeHead(429).end());
    await expect(overHttp().embed(['a'])).rejects.toThrow(
      /embedder is unavailable: it answers 429, 4 times/,
    );
    expect(server.asked).toHaveLength(4);
  });

  test.each([400, 413, 422])('%i is of the text: invalid, and not asked again', async (status) => {
    server.instead((response) => response.writeHead(status).end());
    await expect(overHttp().embed(['a'])).rejects.toThrow(Invalid);
    expect(server.asked).toHaveLength(1);
  });

  test.each([
    ['no JSON', 'garbage {', /no JSON/],
    ['another JSON', '{"vectors":[1]}', /another JSON/],
    ['texts for numbers', '{"data":[{"index":0,"embedding":["a"]}]}', /another JSON/],
    ['too few', '{"data":[{"index":0,"embedding":[1,0]}]}', /1 vectors to 2 texts/],
    [
      'one twice',
      '{"data":[{"index":0,"embedding":[1,0]},{"index":0,"embedding":[1,0]}]}',
      /2 vectors to 2 texts/,
    ],
    [
      'a foreign place',
      '{"data":[{"index":0,"embedding":[1]},{"index":9,"embedding":[1]}]}',
      /to 2 texts/,
    ],
    ['zeros', '{"data":[{"index":0,"embedding":[0,0]},{"index":1,"embedding":[0,0]}]}', /zeros/],
    [
      'unequal ones',
      '{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[1]}]}',
      /vectors of 1 numbers, not of 2/,
    ],
    [
      'empty ones',
      '{"data":[{"index":0,"embedding":[]},{"index":1,"embedding":[]}]}',
      /of 0 numbers/,
    ],
  ])('an answer of %s is unavailable, and says why', async (_what, answer, why) => {
    server.instead((response) => response.end(answer));
    const asking = overHttp().embed(['a', 'b']);
    await expect(asking).rejects.toThrow(Unavailable);
    await expect(asking).rejects.toThrow(why);
  });

  test('vectors of another dimension than before are refused', async () => {
    const embedder = overHttp();
    expect(await embedder.dimension()).toBe(256);
    server.instead((response) => response.end('{"data":[{"index":0,"embedding":[1,0]}]}'));
    await expect(embedder.embed(['a'])).rejects.toThrow(/vectors of 2 numbers, not of 256/);
    expect(await embedder.dimension()).toBe(256);
  });

  test('an answer without end, or none at all, is unavailable', async () => {
    server.instead((response) => {
      const part = 'x'.repeat(1_000_000);
      const more = () => void (response.destroyed || response.write(part, more));
      more();
    });
    await expect(overHttp().embed(['a'])).rejects.toThrow(/more than 16777216 bytes/);
    server.instead(() => undefined);
    await expect(overHttp(100).embed(['a'])).rejects.toThrow(/no answer within 100 ms/);
    await expect(overHttp(10_000, 'http://127.0.0.1:1/v1').embed(['a'])).rejects.toThrow(
      /cannot be reached/,
    );
  });
});
