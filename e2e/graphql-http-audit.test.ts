import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSmallGateway, type SmallGateway } from './kit/small-gateway.ts';

let gateway: SmallGateway;
beforeAll(async () => {
  gateway = await startSmallGateway('type Query { hello: String } type Mutation { go: String }');
});
afterAll(() => gateway.drain(1_000));

const audits = serverAudits({ url: () => `${gateway.url}/graphql`, fetchFn: fetch });

test.each(audits.map((audit) => [audit.name, audit] as const))(
  'the specification of GraphQL over HTTP: %s',
  async (_name, audit) => {
    const { status, ...found } = await audit.fn();
    expect(status, 'reason' in found ? found.reason : '').toBe('ok');
  },
);
