import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { openGraph, type TestGraph } from '../../e2e/kit/graph.ts';
import { contextOver, otherViewer, seedRun } from '../../e2e/kit/world.ts';
import type { Ctx } from '../context.ts';
import { writeGraph } from '../graph/write.ts';
import { globalId, newId } from '../keys.ts';
import { LOCAL_VIEWER } from '../policy.ts';
import { statement } from '../sql.ts';
import { assignAgents } from './assign.ts';
import { configureAgent, createAgent } from './commands.ts';
import { AGENT_LIMITS } from './model.ts';
import { assignmentsOfRuns, runsOfAgents } from './queries.ts';
import { relateAgents, unrelateAgents } from './relate.ts';

const { relations_max, assigned_max, role_bytes_max } = AGENT_LIMITS;

describe.each(DATABASES)('relations and runs of agents ($name)', ({ open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  let ctx: Ctx;
  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
    ctx = graph.ctx();
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  let count = 0;
  const newAgent = async (of: Ctx = ctx) =>
    (await createAgent(of, { name: `agent ${(count += 1)}` })).id;
  const newEntity = (of: Ctx = ctx) =>
    of.sql.transaction(async (tx) => {
      const node = { kind: 'tool', key: newId() };
      return (await writeGraph(tx, of.viewer.workspaceId, { nodes: [node] })).nodes[0]!.id;
    });
  const relationsOf = async (id: string) => {
    const here = ctx.graphFor(ctx);
    const walk = { direction: 'BOTH' } as const;
    const [page] = await here.neighbours(ctx.viewer.workspaceId, [id], walk, { first: 100 });
    return page!.items;
  };

  test('agents are related to agents and to entities, once for each kind, key and two ends', async () => {
    const [a, b, tool] = [await newAgent(), await newAgent(), await newEntity()];
    database.statements();
    const relations = [
      { kind: 'knows', fromId: a, toId: globalId('Agent', b), properties: { since: 1 } },
      { kind: 'knows', fromId: globalId('Agent', a), toId: b, key: 'again' },
      { kind: 'uses', fromId: b, toId: globalId('Entity', tool) },
      { kind: 'knows', fromId: b, toId: b },
    ];
    const ids = await relateAgents(ctx, { relations });
    expect(database.statements()).toEqual([
      'agents.byIds',
      'graph.holdEnds',
      'graph.holdRelations',
      'graph.insertRelations',
    ]);
    const found = (await relationsOf(b)).map(({ relation }) => relation);
    expect(found.map(({ id }) => id)).toEqual(ids.toSorted());
    expect(found.find(({ id }) => id === ids[0])).toEqual({
      id: ids[0],
      kind: 'knows',
      fromId: a,
      toId: b,
      properties: { since: 1 },
      version: 1,
    });
    const [changed, kept] = await relateAgents(ctx, {
      relations: [
        { ...relations[0]!, properties: { since: 2 } },
        { ...relations[1]!, properties: null },
      ],
    });
    expect([changed, kept]).toEqual(ids.slice(0, 2));
    const after = new Map((await relationsOf(b)).map(({ relation }) => [relation.id, relation]));
    expect(after.get(changed!)).toMatchObject({ properties: { since: 2 }, version: 2 });
    expect(after.get(kept!)).toMatchObject({ properties: {}, version: 1 });
    expect(after.size).toBe(4);
  });

  test('relations that are taken away are gone; the ids of others are refused, all together', async () => {
    const [a, tool, other] = [await newAgent(), await newEntity(), await newEntity()];
    const [uses, likes] = await relateAgents(ctx, {
      relations: ['uses', 'likes'].map((kind) => ({ kind, fromId: a, toId: tool })),
    });
    const between = await ctx.sql.transaction(async (tx) => {
      const relation = { kind: 'of', from: { id: tool }, to: { id: other } };
      const written = await writeGraph(tx, ctx.viewer.workspaceId, { relations: [relation] });
      return written.relations[0]!.id;
    });
    const both = { relationIds: [globalId('EntityRelation', uses!), between] };
    await expect(unrelateAgents(ctx, both)).rejects.toMatchObject({
      code: 'INVALID',
      issues: [{ path: 'input.relationIds[1]' }],
    });
    expect(await relationsOf(a)).toHaveLength(2);
    const gone = { relationIds: [globalId('EntityRelation', uses!), uses!, newId()] };
    expect(await unrelateAgents(ctx, gone)).toEqual([uses, gone.relationIds[2]]);
    expect((await relationsOf(a)).map(({ relation }) => relation.id)).toEqual([likes]);
    const inbound = await ctx.sql.transaction(async (tx) => {
      const relation = { kind: 'of', from: { id: tool }, to: { id: a } };
      const written = await writeGraph(tx, ctx.viewer.workspaceId, { relations: [relation] });
      return written.relations[0]!.id;
    });
    await unrelateAgents(ctx, { relationIds: [inbound] });
    expect(await relationsOf(a)).toHaveLength(1);
  });

  test('sent twice with a key, relations are made and taken away once', async () => {
    const [a, b] = [await newAgent(), await newAgent()];
    const relation = { kind: 'knows', fromId: a, toId: b };
    const make = { relations: [{ ...relation, properties: { n: 1 } }], idempotencyKey: newId() };
    const ids = await relateAgents(ctx, make);
    await relateAgents(ctx, { relations: [{ ...relation, properties: { n: 2 } }] });
    expect(await relateAgents(ctx, make)).toEqual(ids);
    expect((await relationsOf(a))[0]!.relation.properties).toEqual({ n: 2 });
    const take = { relationIds: ids, idempotencyKey: newId() };
    await unrelateAgents(ctx, take);
    await relateAgents(ctx, { relations: [relation] });
    expect(await unrelateAgents(ctx, take)).toEqual(ids);
    expect(await relationsOf(a)).toHaveLength(1);
    await expect(unrelateAgents(ctx, { ...take, relationIds: [] })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
  });

  test('what begins at no agent, leads nowhere, or is of another workspace is refused', async () => {
    const viewer = await otherViewer(database);
    const theirs = contextOver(database, { viewer });
    const [a, tool] = [await newAgent(), await newEntity()];
    const [strange, strangeTool] = [await newAgent(theirs), await newEntity(theirs)];
    const relate = (fromId: string, toId: string) =>
      relateAgents(ctx, { relations: [{ kind: 'k', fromId, toId }] });
    for (const fromId of [tool, strange, newId()]) {
      await expect(relate(fromId, a)).rejects.toMatchObject({ code: 'NOT_FOUND', id: fromId });
    }
    for (const toId of [strange, strangeTool, newId()]) {
      await expect(relate(a, toId)).rejects.toMatchObject({
        code: 'INVALID',
        issues: [{ path: 'input.relations[0].to' }],
      });
    }
    await expect(relate(a, globalId('Run', newId()))).rejects.toMatchObject({
      issues: [{ path: 'input.relations[0].toId' }],
    });
    const kinds = ['', 'x'.repeat(101), '\0', '\ud800'];
    for (const kind of kinds) {
      const relations = [{ kind, fromId: a, toId: tool }];
      await expect(relateAgents(ctx, { relations })).rejects.toMatchObject({
        issues: [{ path: 'input.relations[0].kind' }],
      });
    }
    expect(await relationsOf(a)).toEqual([]);
    const [made] = await relateAgents(theirs, {
      relations: [{ kind: 'k', fromId: strange, toId: strangeTool }],
    });
    await unrelateAgents(ctx, { relationIds: [made!] });
    const there = statement<{ id: string }>('test.there', 'SELECT id FROM graph_relation');
    expect((await ctx.sql.query(there)).map(({ id }) => id)).toContain(made);
  });

  test('as many relations as one call may hold are made; one more is refused', async () => {
    const [a, tool] = [await newAgent(), await newEntity()];
    const relations = Array.from({ length: relations_max + 1 }, (_, index) => ({
      kind: 'uses',
      fromId: a,
      toId: tool,
      key: String(index),
    }));
    const limited = { code: 'LIMITED', limit: relations_max, seen: relations_max + 1 };
    await expect(relateAgents(ctx, { relations })).rejects.toMatchObject(limited);
    const ids = await relateAgents(ctx, { relations: relations.slice(1) });
    expect(new Set(ids).size).toBe(relations_max);
    const relationIds = [...ids, newId()];
    await expect(unrelateAgents(ctx, { relationIds })).rejects.toMatchObject(limited);
    await unrelateAgents(ctx, { relationIds: ids });
    expect(await relationsOf(a)).toEqual([]);
  });

  test('an assigned agent keeps the configuration that it had, and takes a new role', async () => {
    const [a, b, runId] = [await newAgent(), await newAgent(), await seedRun(database, ['s'])];
    await configureAgent(ctx, { agentId: b });
    const of = (id: string, role: string) => ({ agentId: id, role });
    database.statements();
    await assignAgents(ctx, { runId, agents: [of(a, 'plans'), of(b, 'writes')] });
    expect(database.statements()).toEqual([
      'runs.byIds',
      'runs.keep',
      'agents.keep',
      'agents.assign',
      'runs.byIds',
    ]);
    await configureAgent(ctx, { agentId: a });
    await assignAgents(ctx, { runId: globalId('Run', runId), agents: [of(a, 'reviews')] });
    const [page] = await assignmentsOfRuns(ctx, [{ id: runId }], { first: 10 });
    const told = new Map(page!.nodes.map((row) => [row.agentId, row]));
    expect(told.get(a)).toMatchObject({ runId, role: 'reviews', configurationNumber: 1 });
    expect(told.get(b)).toMatchObject({ runId, role: 'writes', configurationNumber: 2 });
    const later = await seedRun(database, []);
    await assignAgents(ctx, { runId: later, agents: [of(a, 'plans')] });
    const [runs] = await runsOfAgents(ctx, [{ id: a }], { first: 10 });
    expect(runs!.nodes.map(({ id }) => id)).toEqual([later, runId]);
  });

  test('a run that is over takes no agents; a key makes a repeat the first answer', async () => {
    const [a, runId] = [await newAgent(), await seedRun(database, [])];
    const input = { runId, agents: [{ agentId: a, role: 'r' }], idempotencyKey: newId() };
    await assignAgents(ctx, input);
    const end = statement('test.end', `UPDATE run SET status = 'SUCCEEDED' WHERE id = $1`);
    await ctx.sql.query(end, [runId]);
    await expect(assignAgents(ctx, input)).resolves.toMatchObject({ id: runId });
    await expect(assignAgents(ctx, { ...input, idempotencyKey: newId() })).rejects.toMatchObject({
      code: 'CONFLICT',
      actual: 'SUCCEEDED',
    });
  });

  test('each limit of an assignment is kept at it and refused one past it', async () => {
    const runId = await seedRun(database, []);
    const ids: string[] = [];
    for (let made = 0; made <= assigned_max; made += 1) ids.push(await newAgent());
    const all = ids.map((agentId) => ({ agentId, role: 'r'.repeat(role_bytes_max) }));
    await expect(assignAgents(ctx, { runId, agents: all })).rejects.toMatchObject({
      code: 'LIMITED',
      limit: assigned_max,
    });
    await assignAgents(ctx, { runId, agents: all.slice(1) });
    const [page] = await assignmentsOfRuns(ctx, [{ id: runId }], { first: 100 });
    expect(page!.nodes).toHaveLength(assigned_max);
    const [a, b] = ids;
    const agents = [
      { agentId: a!, role: 'r'.repeat(role_bytes_max + 1) },
      { agentId: b!, role: '' },
      { agentId: globalId('Agent', a!), role: 'r\0' },
    ];
    await expect(assignAgents(ctx, { runId, agents })).rejects.toMatchObject({
      issues: ['[0].role', '[1].role', '[2].agentId', '[2].role'].map((path) => ({
        path: `input.agents${path}`,
      })),
    });
  });

  test('what is not there, of another workspace, or not for readers is refused; none is assigned', async () => {
    const viewer = await otherViewer(database);
    const theirs = contextOver(database, { viewer });
    const [a, strange, runId] = [
      await newAgent(),
      await newAgent(theirs),
      await seedRun(database, []),
    ];
    const role = 'r';
    const assign = (of: Ctx, run: string, ...ids: string[]) =>
      assignAgents(of, { runId: run, agents: ids.map((agentId) => ({ agentId, role })) });
    for (const id of [strange, newId()]) {
      await expect(assign(ctx, runId, a, id)).rejects.toMatchObject({ code: 'NOT_FOUND', id });
    }
    await expect(assign(theirs, runId, strange)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const reader = contextOver(database, { viewer: { ...LOCAL_VIEWER, roles: ['reader'] } });
    const forbidden = { code: 'FORBIDDEN' };
    await expect(assign(reader, runId, a)).rejects.toMatchObject(forbidden);
    const relations = [{ kind: 'k', fromId: a, toId: a }];
    await expect(relateAgents(reader, { relations })).rejects.toMatchObject(forbidden);
    await expect(unrelateAgents(reader, { relationIds: [] })).rejects.toMatchObject(forbidden);
    const [page] = await assignmentsOfRuns(ctx, [{ id: runId }], { first: 10 });
    expect(page!.nodes).toEqual([]);
  });
});
