import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTeam } from '../e2e/kit/agents.ts';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { openGraph, type TestGraph } from '../e2e/kit/graph.ts';
import { dice } from '../e2e/kit/random-world.ts';
import { NETWORK_LIMITS, networksOfAgents } from '../resolvers/agents/network.ts';
import { relateAgents } from '../resolvers/agents/relate.ts';
import type { Direction } from '../resolvers/graph/port.ts';
import { writeGraph } from '../resolvers/graph/write.ts';
import { newId } from '../resolvers/keys.ts';

describe.each(DATABASES)('networks of agents ($name)', ({ open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  const team = (size: number) => openTeam(database, graph, size);

  test('a network has the agents within a depth, by relations of agents alone, and says where it was cut', async () => {
    const { viewer, ctx, ids, relate } = await team(6);
    await relate([
      [0, 1],
      [1, 2],
      [2, 3],
      [4, 1],
    ]);
    await ctx.sql.transaction((tx) =>
      writeGraph(tx, viewer.workspaceId, {
        nodes: [{ kind: 'tool', key: 'bridge' }],
        relations: [0, 5].map((at) => ({
          kind: 'uses',
          from: { id: ids[at]! },
          to: { kind: 'tool', key: 'bridge' },
        })),
      }),
    );
    const ask = async (more: string) => {
      const query = `query ($id: ID!) { agent(id: $id) { network(${more}) {
        members { depth agent { name } } relations { kind from { name } to { name } } cut { by at } } } }`;
      const { agent } = await graph.data<{
        agent: { network: { members: { depth: number; agent: { name: string } }[]; cut: unknown } };
      }>(query, { id: ids[0] }, { viewer });
      const { members, cut } = agent.network;
      return { names: members.map(({ depth, agent: of }) => `${depth}:${of.name}`).join(' '), cut };
    };
    expect(await ask('depth: 3')).toEqual({ names: '0:0 1:1 2:2 2:4 3:3', cut: null });
    expect(await ask('depth: 2')).toEqual({
      names: '0:0 1:1 2:2 2:4',
      cut: { by: 'DEPTH', at: 2 },
    });
    expect(await ask('depth: 10, direction: OUT')).toEqual({
      names: '0:0 1:1 2:2 3:3',
      cut: null,
    });
    expect(await ask('depth: 3, first: 2')).toEqual({
      names: '0:0 1:1',
      cut: { by: 'NODES', at: 2 },
    });
    expect(await ask('depth: 3, kinds: ["leads"]')).toEqual({ names: '0:0', cut: null });
  });

  test('the networks of many agents are those of each alone, by one statement', async () => {
    const random = dice(Date.now() % 1_000_000);
    const below = (limit: number) => Math.floor(random() * limit);
    const { ctx, ids, relate } = await team(12);
    const pairs = Array.from({ length: 14 }, () => [below(12), below(12)] as const);
    await relate([...new Map(pairs.map((pair) => [String(pair), pair])).values()]);
    for (let round = 0; round < 20; round += 1) {
      const asked = [...ids, ids[0]!, newId()].map((id) => ({ id }));
      const args = {
        depth: 1 + below(4),
        first: 1 + below(8),
        direction: (['OUT', 'IN', 'BOTH'] as Direction[])[below(3)]!,
      };
      database.statements();
      const together = await networksOfAgents(ctx, asked, args);
      expect(database.statements()).toEqual(['graph.network']);
      for (const [at, agent] of asked.entries()) {
        const alone = await networksOfAgents(ctx, [agent], args);
        expect({ args, pairs, at, network: together[at] }).toEqual({
          args,
          pairs,
          at,
          network: alone[0],
        });
      }
    }
  });

  test('relations of a network are bounded by its size; each bound is kept at it and refused one past it', async () => {
    const { ctx, ids } = await team(2);
    const [a, b] = ids as [string, string];
    const { depth_max, first_max, level_max, relations_per_agent } = NETWORK_LIMITS;
    const bound = 2 * relations_per_agent;
    const make = (from: number, to: number) =>
      relateAgents(ctx, {
        relations: Array.from({ length: to - from }, (_, at) => ({
          kind: 'knows',
          fromId: a,
          toId: b,
          key: String(from + at),
        })),
      });
    const args = { depth: 1, first: 2, direction: 'BOTH' as const };
    const both = async () => {
      const [alone] = await networksOfAgents(ctx, [{ id: a }], args);
      const [one, other] = await networksOfAgents(ctx, [{ id: a }, { id: b }], args);
      expect(one).toEqual(alone);
      return [one!, other!].map(({ relations, cut }) => [relations.length, cut]);
    };
    await make(0, bound);
    expect(await both()).toEqual([
      [bound, null],
      [bound, null],
    ]);
    await make(bound, bound + 1);
    const cut = { by: 'RELATIONS', at: bound };
    expect(await both()).toEqual([
      [bound, cut],
      [bound, cut],
    ]);
    const many = (count: number) => Array.from({ length: count }, () => ({ id: newId() }));
    const ask = (more: object, agents = [{ id: a }]) =>
      networksOfAgents(ctx, agents, { ...args, ...more });
    await expect(ask({ depth: depth_max, first: first_max })).resolves.toHaveLength(1);
    await expect(ask({ depth: depth_max + 1 })).rejects.toMatchObject({ code: 'LIMITED' });
    await expect(ask({ first: first_max + 1 })).rejects.toMatchObject({ code: 'INVALID' });
    for (const less of [{ depth: 0 }, { first: 0 }]) {
      await expect(ask(less)).rejects.toMatchObject({ code: 'INVALID' });
    }
    await expect(ask({}, many(level_max))).resolves.toHaveLength(level_max);
    await expect(ask({}, many(level_max + 1))).rejects.toMatchObject({
      code: 'LIMITED',
      limit: level_max,
    });
  });

  test('networks that together meet more than one walk may answer are refused, each alone is not', async () => {
    const { viewer, ids } = await team(2);
    const network = { nodes: [], relations: [], cut: { by: 'NODES', at: 10_000 } as const };
    const ctx = graph.ctx({
      viewer,
      graphFor: (of) => ({ ...graph.ctx().graphFor(of), network: () => Promise.resolve(network) }),
    });
    const ask = (...asked: string[]) =>
      networksOfAgents(
        ctx,
        asked.map((id) => ({ id })),
        { depth: 1, direction: 'BOTH' },
      );
    await expect(ask(ids[0]!)).resolves.toMatchObject([{ cut: network.cut }]);
    await expect(ask(...ids)).rejects.toMatchObject({ code: 'LIMITED', limit: 10_000 });
  });
});
