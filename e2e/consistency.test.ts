/** The consistency token: given by a mutation, sent back by any way, refused where nobody can show what it stands for. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatPosition, parsePosition, parseSnapshot } from '../resolvers/events/feed/position.ts';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';
import { WAYS, type Way } from './kit/ways.ts';

const READ = { query: '{ workflows(first: 1) { nodes { id } } }' };
const NOTHING = { data: { workflows: { nodes: [] } } };
const DAMAGED = 'consistency: not a position of the change feed, or damaged';
const TWO = 'consistency: X-Consistency and extensions.consistency differ; send one';

describe.each(WORLDS.slice(-1))('$name', ({ open }) => {
  let world: World;
  let gateway: TestGateway;
  let token: string;
  beforeAll(async () => {
    world = await open();
    gateway = await world.start();
    const { data } = await gateway.ask<{ consistency: string }>('mutation { consistency }');
    token = data!.consistency;
  });
  afterAll(() => world.end());

  const another = (change: (at: ReturnType<typeof parsePosition>) => object) => {
    const position = parsePosition(token);
    return formatPosition({ ...position, ...change(position) });
  };
  const ofAnotherEpoch = () => another(({ epoch }) => ({ epoch: epoch - 1 }));
  const ahead = () =>
    another(({ from }) => {
      const xmax = parseSnapshot(from).xmax + 1_000_000n;
      return { from: `${xmax}:${xmax}:` };
    });

  const inBody = (way: Way, consistency: unknown) =>
    way.ask(gateway.url, { ...READ, extensions: { consistency } });
  const inHeader = (way: Way, consistency: string) =>
    way.ask(gateway.url, READ, { 'x-consistency': consistency });
  const codes = ({ result }: Awaited<ReturnType<Way['ask']>>) =>
    result.errors?.map(({ extensions, message }) => [extensions['code'], message]);

  describe.each(WAYS)('$name', (way) => {
    test('takes a token in the body, and refuses what is none', async () => {
      expect((await inBody(way, token)).result).toEqual(NOTHING);
      expect((await inBody(way, null)).result).toEqual(NOTHING);
      expect(codes(await inBody(way, `${token}x`))).toEqual([['INVALID', DAMAGED]]);
      expect(codes(await inBody(way, 7))).toEqual([
        ['INVALID', 'extensions.consistency: must be a string'],
      ]);
      const expired = await inBody(way, ofAnotherEpoch());
      expect(codes(expired)).toEqual([
        ['CURSOR_EXPIRED', 'the change feed began a new epoch after this consistency token'],
      ]);
      expect(codes(await inBody(way, ahead()))).toEqual([
        ['CURSOR_EXPIRED', 'this consistency token is ahead of the server'],
      ]);
    });
  });

  describe.each(WAYS.filter(({ by }) => by !== 'socket'))('$name', (way) => {
    test('takes it in a header, and refuses two that differ', async () => {
      expect((await inHeader(way, token)).result).toEqual(NOTHING);
      expect(codes(await inHeader(way, ''))).toEqual([['INVALID', DAMAGED]]);
      const expired = await inHeader(way, ofAnotherEpoch());
      expect(codes(expired)?.[0]?.[0]).toBe('CURSOR_EXPIRED');
      if (way.type !== 'events') expect(expired.status).toBe(410);
      const both = (header: string) =>
        way.ask(
          gateway.url,
          { ...READ, extensions: { consistency: token } },
          { 'x-consistency': header },
        );
      expect((await both(token)).result).toEqual(NOTHING);
      expect(codes(await both(ahead()))).toEqual([['INVALID', TWO]]);
    });
  });

  test.each(WAYS.filter(({ type }) => type === 'events' || type === 'messages'))(
    '$name: a subscription is refused by it too',
    async (way) => {
      const asked = { query: 'subscription { changes { id } }' };
      const given = await way.ask(gateway.url, {
        ...asked,
        extensions: { consistency: ofAnotherEpoch() },
      });
      expect(codes(given)?.[0]?.[0]).toBe('CURSOR_EXPIRED');
    },
  );

  test('what a follower of `changes` was given is a token as well', async () => {
    const { data } = await gateway.ask<{ changesCursor: string }>('{ changesCursor }');
    expect((await inBody(WAYS[0]!, data!.changesCursor)).result).toEqual(NOTHING);
  });

  test('without a token nothing is asked but what was always asked', async () => {
    const statements = async (headers: Record<string, string>) => {
      const { result } = await WAYS[0]!.ask(gateway.url, READ, { 'x-explain': '1', ...headers });
      const { calls } = result.extensions!['explain'] as { calls: { statement: string }[] };
      return calls.map(({ statement }) => statement);
    };
    const counted = async () =>
      Number(
        /statement="feed.first"[^}]*\} (\d+)/.exec(
          (
            (await (await fetch(`${gateway.url}/metrics`)).text()).match(
              /polyphony_store_call_seconds_count\{[^}]*feed\.first[^\n]*/,
            ) ?? ['']
          )[0],
        )?.[1] ?? 0,
      );
    const before = await counted();
    expect(await statements({})).toEqual(['workflows.list']);
    expect(await counted()).toBe(before);
    expect(await statements({ 'x-consistency': token })).toEqual(['workflows.list']);
    expect(await counted()).toBe(before + 1);
  });
});
