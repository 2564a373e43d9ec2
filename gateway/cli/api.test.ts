import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Invalid } from '../../resolvers/errors.ts';
import { openApi, REFUSAL_FIELDS, type ApiOptions } from './api.ts';
import { Interrupted } from './exit.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Answers requests in turn; the last answer again and again. */
async function gatewayAnswering(
  ...answers: RequestListener[]
): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const server = createServer((request, response) => {
    const answer = answers[Math.min(asked, answers.length - 1)]!;
    asked += 1;
    answer(request, response);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/graphql`, asked: () => asked };
}

const says =
  (body: object, status = 200): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
const breaks: RequestListener = (request) => request.socket.destroy();
const unavailable = says(
  { errors: [{ message: 'away', extensions: { code: 'UNAVAILABLE' } }] },
  503,
);
const apiOf = (url: string, more: Partial<ApiOptions> = {}) =>
  openApi({ url, patience_ms: 30_000, ...more });

test('what was not answered, or UNAVAILABLE, or no GraphQL of a proxy is asked again until it is answered', async () => {
  const proxy: RequestListener = (_request, response) => response.writeHead(502).end('<html>');
  const { url, asked } = await gatewayAnswering(
    breaks,
    unavailable,
    proxy,
    says({ data: { n: 1 } }),
  );
  const waited: string[] = [];
  const api = apiOf(url, { waiting: (reason) => waited.push(reason) });
  expect(await api.ask('{ n }')).toEqual({ n: 1 });
  expect(asked()).toBe(4);
  expect(waited).toHaveLength(1); // Told once for each time it is away.
});

test('patience ends with Unavailable', async () => {
  const { url } = await gatewayAnswering(unavailable);
  await expect(apiOf(url, { patience_ms: 0 }).ask('{ n }')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    store: url,
  });
});

test('refusals are not asked again: of the whole operation, and in the union of a result', async () => {
  const issues = [{ path: 'input.name', message: 'is missing' }];
  const whole = await gatewayAnswering(
    says({ errors: [{ message: 'no', extensions: { code: 'INVALID', issues } }] }, 400),
  );
  await expect(apiOf(whole.url).ask('{ n }')).rejects.toEqual(new Invalid(issues));
  expect(whole.asked()).toBe(1);

  const union = await gatewayAnswering(
    says({ data: { startRun: { code: 'CONFLICT', message: 'it moved on' } } }),
  );
  const asking = apiOf(union.url).ask(`mutation { startRun { ${REFUSAL_FIELDS} } }`);
  await expect(asking).rejects.toMatchObject({ code: 'CONFLICT', message: 'it moved on' });
});

test('a bug of the gateway is an error, not a refusal, and is not asked again', async () => {
  const { url, asked } = await gatewayAnswering(
    says(
      { errors: [{ message: 'Internal error. Quote 7', extensions: { code: 'INTERNAL' } }] },
      500,
    ),
  );
  await expect(apiOf(url).ask('{ n }')).rejects.toThrow('Quote 7');
  expect(asked()).toBe(1);
});

test('something else behind the URL is told as such', async () => {
  const { url } = await gatewayAnswering((_request, response) =>
    response.writeHead(404).end('nope'),
  );
  await expect(apiOf(url).ask('{ n }')).rejects.toThrow(/answered 404 and no GraphQL/);
});

test('Ctrl-C ends a request and a wait', async () => {
  const during = new AbortController();
  const hanging = await gatewayAnswering(() => during.abort());
  await expect(apiOf(hanging.url, { signal: during.signal }).ask('{ n }')).rejects.toThrow(
    Interrupted,
  );

  const waiting = new AbortController();
  const away = await gatewayAnswering(unavailable);
  const api = apiOf(away.url, { signal: waiting.signal, waiting: () => waiting.abort() });
  await expect(api.ask('{ n }')).rejects.toThrow(Interrupted);
});
