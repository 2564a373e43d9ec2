import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { openGraph, type TestGraph } from '../../e2e/kit/graph.ts';
import { contextOver, otherViewer, seedRun } from '../../e2e/kit/world.ts';
import type { Ctx } from '../context.ts';
import { openFeed } from '../events/feed/feed.ts';
import { globalId, newId } from '../keys.ts';
import { LOCAL_VIEWER } from '../policy.ts';
import { statement } from '../sql.ts';
import { assignAgents } from './assign.ts';
import {
  configureAgent,
  createAgent,
  removeAgent,
  updateAgent,
  type CreateAgent,
} from './commands.ts';
import { configurationsByKey } from './loaders.ts';
import { AGENT_LIMITS } from './model.ts';
import { agent, configurationsOfAgents } from './queries.ts';
import { relateAgents } from './relate.ts';

const { name_bytes_max, description_bytes_max, metadata_bytes_max } = AGENT_LIMITS;
const { settings_bytes_max, note_bytes_max } = AGENT_LIMITS;

/** An object of so many bytes. */
const sized = (bytes: number) => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) });

describe.each(DATABASES)('commands of agents ($name)', ({ open }) => {
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
  const newAgent = (more: Partial<CreateAgent> = {}) =>
    createAgent(ctx, { name: `agent ${(count += 1)}`, ...more });
  const nodeOf = async (id: string) =>
    (await ctx.graphFor(ctx).nodes(ctx.viewer.workspaceId, [id]))[0];

  test('an agent is made with its first configuration and its node, in four statements', async () => {
    database.statements();
    const made = await createAgent(ctx, {
      name: 'Ünï planner',
      description: 'plans',
      metadata: { team: ['a', null] },
      settings: { model: 'm' },
      note: 'first',
    });
    expect(database.statements()).toEqual([
      'graph.holdNodes',
      'graph.insertNodes',
      'agents.insert',
      'agents.byIds',
    ]);
    expect(made).toMatchObject({
      workspaceId: LOCAL_VIEWER.workspaceId,
      name: 'Ünï planner',
      description: 'plans',
      metadata: { team: ['a', null] },
      configurationNumber: 1,
      version: 1,
    });
    expect(await nodeOf(made.id)).toEqual({
      id: made.id,
      kind: 'Agent',
      key: made.id,
      name: 'Ünï planner',
      properties: { team: ['a', null] },
      version: 1,
    });
    const [configuration] = await configurationsByKey(ctx, [`${made.id}:1`]);
    expect(configuration).toMatchObject({ settings: { model: 'm' }, note: 'first' });
  });

  test('what is changed of an agent is changed of its node; what is left out stays', async () => {
    const { id } = await newAgent({ description: 'one', metadata: { a: 1 } });
    const renamed = await updateAgent(ctx, { agentId: globalId('Agent', id), name: `new ${id}` });
    expect(renamed).toMatchObject({ name: `new ${id}`, description: 'one', version: 2 });
    const told = await updateAgent(ctx, { agentId: id, metadata: { b: 2 }, description: '' });
    expect(told).toMatchObject({ name: `new ${id}`, description: '', metadata: { b: 2 } });
    expect(await nodeOf(id)).toMatchObject({ name: `new ${id}`, properties: { b: 2 }, key: id });
    const same = await updateAgent(ctx, { agentId: id, name: told.name, metadata: { b: 2 } });
    expect(same.version).toBe(told.version);
  });

  test('a name is free again once its agent is called otherwise, and taken until then', async () => {
    const [one, other] = [await newAgent(), await newAgent()];
    const taken = { code: 'CONFLICT', actual: `that of agent ${one.id}` };
    await expect(createAgent(ctx, { name: one.name })).rejects.toMatchObject(taken);
    const rename = () => updateAgent(ctx, { agentId: other.id, name: one.name });
    await expect(rename()).rejects.toMatchObject(taken);
    expect(await nodeOf(other.id)).toMatchObject({ name: other.name, version: 1 });
    await updateAgent(ctx, { agentId: one.id, name: `${one.name} before` });
    expect((await rename()).name).toBe(one.name);
    const stranger = await otherViewer(database);
    await expect(
      createAgent(contextOver(database, { viewer: stranger }), { name: one.name }),
    ).resolves.toMatchObject({ workspaceId: stranger.workspaceId });
  });

  test('configurations are numbered without gaps, by however many callers; none changes', async () => {
    const { id } = await newAgent();
    const settings = Array.from({ length: 5 }, (_, index) => ({ index }));
    await Promise.all(settings.map((each) => configureAgent(ctx, { agentId: id, settings: each })));
    const now = await configureAgent(ctx, { agentId: id, note: 'bare' });
    expect(now).toMatchObject({ configurationNumber: 7, version: 7 });
    const [page] = await configurationsOfAgents(ctx, [{ id }], { first: 100 });
    expect(page!.nodes.map(({ number }) => number)).toEqual([7, 6, 5, 4, 3, 2, 1]);
    expect(page!.nodes.at(0)).toMatchObject({ settings: {}, note: 'bare' });
    const change = statement('test.change', 'UPDATE agent_configuration SET note = $1');
    await expect(ctx.sql.query(change, ['x'])).rejects.toThrow('a configuration never changes');
  });

  test('a stale version is a conflict that tells the newer one, and nothing is written', async () => {
    const { id } = await newAgent();
    await configureAgent(ctx, { agentId: id, expectedVersion: 1 });
    const stale = { agentId: id, expectedVersion: 1 };
    const conflict = { code: 'CONFLICT', expected: 'version 1', actual: 'at version 2' };
    await expect(configureAgent(ctx, stale)).rejects.toMatchObject(conflict);
    await expect(updateAgent(ctx, { ...stale, name: 'lost' })).rejects.toMatchObject(conflict);
    await expect(removeAgent(ctx, stale)).rejects.toMatchObject(conflict);
    expect(await agent(ctx, id)).toMatchObject({ version: 2, configurationNumber: 2 });
    expect((await nodeOf(id))!.version).toBe(1);
  });

  test('sent twice with a key it is done once; the key with another input is a conflict', async () => {
    const input = { name: 'once', idempotencyKey: newId() };
    const made = await createAgent(ctx, input);
    await expect(createAgent(ctx, { ...input })).resolves.toEqual(made);
    await expect(createAgent(ctx, { ...input, name: 'twice' })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    const configure = { agentId: made.id, settings: { a: 1 }, idempotencyKey: newId() };
    await configureAgent(ctx, configure);
    await configureAgent(ctx, { ...configure, agentId: globalId('Agent', made.id) });
    expect((await agent(ctx, made.id))!.configurationNumber).toBe(2);
    const remove = { agentId: made.id, idempotencyKey: newId() };
    await removeAgent(ctx, remove);
    await expect(removeAgent(ctx, remove)).resolves.toBe(made.id);
    await expect(removeAgent(ctx, { agentId: made.id })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('with an agent go its node, configurations, assignments and relations; its node takes it along', async () => {
    const [one, other] = [await newAgent(), await newAgent()];
    const runId = await seedRun(database, []);
    await assignAgents(ctx, {
      runId,
      agents: [one, other].map(({ id }) => ({ agentId: id, role: 'r' })),
    });
    await relateAgents(ctx, {
      relations: [
        { kind: 'knows', fromId: one.id, toId: other.id },
        { kind: 'knows', fromId: other.id, toId: one.id },
      ],
    });
    await removeAgent(ctx, { agentId: one.id });
    const left = statement<{ what: string; count: number }>(
      'test.left',
      `SELECT 'agent' AS what, count(*)::int FROM agent WHERE id = ANY($1) UNION ALL
      SELECT 'node', count(*)::int FROM graph_node WHERE id = ANY($1) UNION ALL
      SELECT 'configuration', count(*)::int FROM agent_configuration WHERE agent_id = ANY($1) UNION ALL
      SELECT 'assignment', count(*)::int FROM run_agent WHERE agent_id = ANY($1) UNION ALL
      SELECT 'relation', count(*)::int FROM graph_relation WHERE from_id = ANY($1)`,
    );
    const counts = async () =>
      (await ctx.sql.query(left, [[one.id, other.id]])).map(({ count: rows }) => rows);
    expect(await counts()).toEqual([1, 1, 1, 1, 0]);
    const node = statement('test.removeNode', 'DELETE FROM graph_node WHERE id = $1');
    await ctx.sql.query(node, [other.id]);
    expect(await counts()).toEqual([0, 0, 0, 0, 0]);
  });

  test('followers hear of each change of an agent once, by its version', async () => {
    const feed = openFeed(database.sql);
    const before = await feed.first();
    const { id } = await newAgent();
    await configureAgent(ctx, { agentId: id });
    await updateAgent(ctx, { agentId: id, description: 'more' });
    await removeAgent(ctx, { agentId: id });
    const { changes } = await feed.page(before, 100, { kinds: ['agent'] });
    expect(changes.map(({ id: of, version, gone }) => [of, version, gone])).toEqual([
      [id, 1, false],
      [id, 2, false],
      [id, 3, false],
      [id, 4, true],
    ]);
  });

  test.each<[string, Partial<CreateAgent>, Partial<CreateAgent>]>([
    ['name', { name: 'é'.repeat(name_bytes_max / 2) }, { name: 'x'.repeat(name_bytes_max + 1) }],
    [
      'description',
      { description: 'x'.repeat(description_bytes_max) },
      { description: 'x'.repeat(description_bytes_max + 1) },
    ],
    [
      'metadata',
      { metadata: sized(metadata_bytes_max) },
      { metadata: sized(metadata_bytes_max + 1) },
    ],
    [
      'settings',
      { settings: sized(settings_bytes_max) },
      { settings: sized(settings_bytes_max + 1) },
    ],
    ['note', { note: 'x'.repeat(note_bytes_max) }, { note: 'x'.repeat(note_bytes_max + 1) }],
  ])(
    '%s at its bound is stored, one byte past it is refused by its path',
    async (field, at, past) => {
      const { id } = await newAgent(at);
      const refused = { code: 'INVALID', issues: [{ path: `input.${field}` }] };
      await expect(newAgent(past)).rejects.toMatchObject(refused);
      const change = field === 'settings' || field === 'note' ? configureAgent : updateAgent;
      const bounded = field === 'name' ? { name: 'x'.repeat(name_bytes_max) } : at;
      await expect(change(ctx, { agentId: id, ...bounded })).resolves.toMatchObject({ id });
      await expect(change(ctx, { agentId: id, ...past })).rejects.toMatchObject(refused);
    },
  );

  test('what cannot be stored is refused before any statement, every problem by its path', async () => {
    database.statements();
    const hostile = {
      name: 'half \ud800',
      description: 'a\0b',
      metadata: { deep: ['\0'] },
      settings: [],
      note: '\udc00',
    };
    await expect(createAgent(ctx, hostile)).rejects.toMatchObject({
      issues: ['name', 'description', 'metadata.deep[0]', 'settings', 'note'].map((path) => ({
        path: `input.${path}`,
      })),
    });
    await expect(createAgent(ctx, { name: '' })).rejects.toThrow('input.name: must not be empty');
    await expect(updateAgent(ctx, { agentId: 'nonsense' })).rejects.toMatchObject({
      issues: [{ path: 'input.agentId' }],
    });
    await expect(updateAgent(ctx, { agentId: globalId('Run', newId()) })).rejects.toMatchObject({
      code: 'INVALID',
    });
    expect(database.statements()).toEqual([]);
  });

  test('words of queries, markup and control characters come back as they were', async () => {
    const name = `'); DROP TABLE agent; -- {{}} $1 \${} <b> \u202e \u0001 🧪 "\\`;
    const { id } = await newAgent({ name, settings: { [name]: name } });
    expect(await agent(ctx, id)).toMatchObject({ name });
    const [configuration] = await configurationsByKey(ctx, [`${id}:1`]);
    expect(configuration!.settings).toEqual({ [name]: name });
  });

  test('agents of another workspace are not there', async () => {
    const viewer = await otherViewer(database);
    const theirs = contextOver(database, { viewer });
    const { id } = await newAgent();
    const missing = { code: 'NOT_FOUND', id };
    expect(await agent(theirs, id)).toBeNull();
    expect(await configurationsByKey(theirs, [`${id}:1`])).toEqual([null]);
    await expect(updateAgent(theirs, { agentId: id, name: 'x' })).rejects.toMatchObject(missing);
    await expect(configureAgent(theirs, { agentId: id })).rejects.toMatchObject(missing);
    await expect(removeAgent(theirs, { agentId: id })).rejects.toMatchObject(missing);
  });

  test('a reader may not change agents', async () => {
    const reader = contextOver(database, { viewer: { ...LOCAL_VIEWER, roles: ['reader'] } });
    const { id: agentId } = await newAgent();
    expect(await agent(reader, agentId)).toMatchObject({ id: agentId });
    const tries = [
      createAgent(reader, { name: 'no' }),
      updateAgent(reader, { agentId, name: 'no' }),
      configureAgent(reader, { agentId }),
      removeAgent(reader, { agentId }),
    ];
    for (const refused of tries) await expect(refused).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});
