import { describe, expect, test } from 'vitest';
import { sharedNeo4jOrNull } from '../../e2e/kit/neo4j-server.ts';
import { Unavailable } from '../../resolvers/errors.ts';
import { neo4jClient, SCHEMA_NAMES } from './graph-neo4j/client.ts';
import { neo4jFindings, probeNeo4j, unreached } from './neo4j-probe.ts';

const neo4j = await sharedNeo4jOrNull();

const WELL = { version: '5.26.30', online: SCHEMA_NAMES, projection: 'up to date' } as const;
const levels = (seen: Partial<Parameters<typeof neo4jFindings>[0]>) =>
  neo4jFindings({ ...WELL, ...seen }).map(({ level, what }) => [level, what]);

describe('what doctor says of a Neo4j', () => {
  test('nothing, when all is well', () => {
    expect(levels({})).toEqual([]);
    expect(levels({ version: '2026.01.0' })).toEqual([]);
  });

  test('that it is too old', () => {
    expect(levels({ version: '4.4.44' })).toEqual([
      ['problem', 'Neo4j is 4.4.44, which does not know the Cypher that we send.'],
    ]);
  });

  test('that an index is missing, unless no gateway has come yet', () => {
    const online = SCHEMA_NAMES.slice(1);
    expect(levels({ online })).toEqual([
      ['problem', expect.stringContaining(`Neo4j lacks ${SCHEMA_NAMES[0]}, or is still`)],
    ]);
    expect(levels({ online: [], projection: 'absent' })).toEqual([
      ['warning', 'Nothing is projected into Neo4j: SQL answers in its place.'],
    ]);
  });

  test.each(['incomplete', 'another epoch', 'behind'] as const)('that it is %s', (projection) => {
    expect(levels({ projection })).toEqual([['warning', expect.stringMatching(/^The graph in/)]]);
  });

  test('why it does not answer, and what mends that', () => {
    const of = (code: string) => {
      const cause = Object.assign(new Error('secret'), { code });
      return unreached(new Unavailable('neo4j', 'why', { cause }), 'bolt://db');
    };
    expect(of('Neo.ClientError.Security.Unauthorized')).toMatchObject({
      level: 'problem',
      what: expect.stringContaining('refuses our credentials'),
    });
    expect(of('Neo.ClientError.Database.DatabaseNotFound')).toMatchObject({
      level: 'problem',
      repair: expect.stringContaining('?database='),
    });
    expect(of('ServiceUnavailable')).toMatchObject({
      level: 'warning',
      what: 'Neo4j at bolt://db does not answer: neo4j is unavailable: why. SQL answers in its place.',
    });
  });

  test('that nothing listens there, without the password', async () => {
    const probe = await probeNeo4j('bolt://me:hunter2@127.0.0.1:1', null);
    expect(probe).toMatchObject({ version: null, projection: null });
    expect(probe.findings.map(({ level }) => level)).toEqual(['warning']);
    expect(JSON.stringify(probe)).not.toContain('hunter2');
  });
});

test.skipIf(!neo4j)(
  'a server that answers is named, and has all that is looked up by',
  async () => {
    const client = neo4jClient({ url: neo4j!.url, timeout_ms: 60_000, connections_max: 1 });
    try {
      await client.prepare();
    } finally {
      await client.close();
    }
    const probe = await probeNeo4j(neo4j!.url, null);
    expect(probe).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+/),
      edition: expect.stringMatching(/^(community|enterprise)$/),
      latency_ms: expect.any(Number),
    });
    expect(probe.findings.filter(({ level }) => level === 'problem')).toEqual([]);
  },
  120_000,
);
