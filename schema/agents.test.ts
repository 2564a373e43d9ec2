import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTeam } from '../e2e/kit/agents.ts';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { codesOf, openGraph, type TestGraph } from '../e2e/kit/graph.ts';
import { otherViewer, seedRun } from '../e2e/kit/world.ts';
import { createAgent } from '../resolvers/agents/commands.ts';
import { writeGraph } from '../resolvers/graph/write.ts';
import { globalId } from '../resolvers/keys.ts';

const CREATE = `mutation ($input: CreateAgentInput!) { createAgent(input: $input) {
  ... on Agent { id uuid name configuration { number settings } version }
  ... on Refusal { code message } ... on Invalid { issues { path } }
} }`;
const RELATIONS = `query ($id: ID!, $first: Int, $after: Cursor, $kinds: [String!], $entityKinds: [String!],
  $direction: GraphDirection! = BOTH) { agent(id: $id) {
  relations(first: $first, after: $after, kinds: $kinds, entityKinds: $entityKinds, direction: $direction) {
    nodes { agent { name } entity { kind name } relation { kind from { name } to { name } createdAt } }
    hasNextPage endCursor
  } } }`;

interface Relations {
  agent: {
    relations: {
      nodes: { agent: { name: string } | null; relation: { kind: string } }[];
      hasNextPage: boolean;
      endCursor: string | null;
    };
  };
}

describe.each(DATABASES)('agents in the schema ($name)', ({ open }) => {
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

  test('an agent lives from its making to its end as mutations say, and runs tell who works on them', async () => {
    const { createAgent: made } = await graph.data<{
      createAgent: { id: string; uuid: string };
    }>(CREATE, { input: { name: 'planner', settings: { model: 'm' } } });
    expect(made).toMatchObject({ configuration: { number: 1, settings: { model: 'm' } } });
    const other = await createAgent(graph.ctx(), { name: 'writer' });
    const runId = await seedRun(database, ['s']);
    const ids = { id: made.id, other: other.id, runId };
    const assigned = await graph.data(
      `mutation ($id: ID!, $other: ID!, $runId: ID!) {
        assignAgents(input: { runId: $runId, agents: [{ agentId: $id, role: "plans" }, { agentId: $other, role: "writes" }] }) {
          ... on Run { agents(orderBy: [{ field: ROLE }]) { totalCount nodes { role agent { name } run { id } } } } }
        configureAgent(input: { agentId: $id, settings: { model: "n" }, expectedVersion: 1 }) {
          ... on Agent { configuration { number agent { name } } configurations { nodes { number } } } }
        updateAgent(input: { agentId: $id, name: "chief" }) { ... on Agent { name version } }
        relateAgents(input: { relations: [{ kind: "leads", fromId: $id, toId: $other }] }) {
          ... on RelatedAgents { relations { kind from { name } to { name } } } }
      }`,
      ids,
    );
    const run = { id: globalId('Run', runId) };
    expect(assigned).toEqual({
      assignAgents: {
        agents: {
          totalCount: 2,
          nodes: [
            { role: 'plans', agent: { name: 'planner' }, run },
            { role: 'writes', agent: { name: 'writer' }, run },
          ],
        },
      },
      configureAgent: {
        configuration: { number: 2, agent: { name: 'planner' } },
        configurations: { nodes: [{ number: 2 }, { number: 1 }] },
      },
      updateAgent: { name: 'chief', version: 3 },
      relateAgents: {
        relations: [{ kind: 'leads', from: { name: 'chief' }, to: { name: 'writer' } }],
      },
    });
    const shown = await graph.data(
      `query ($id: ID!) { agent(id: $id) { entity { id kind key name outgoing { nodes { kind } } }
        runs(filter: { status: { eq: RUNNING } }) { nodes { id } }
        assignments { nodes { role configuration { number } } } }
        agents(filter: { assignments: { some: { role: { eq: "plans" } } } }) { nodes { name } } }`,
      ids,
    );
    expect(shown).toEqual({
      agent: {
        entity: {
          id: globalId('Entity', made.uuid),
          kind: 'Agent',
          key: made.uuid,
          name: 'chief',
          outgoing: { nodes: [{ kind: 'leads' }] },
        },
        runs: { nodes: [run] },
        assignments: { nodes: [{ role: 'plans', configuration: { number: 1 } }] },
      },
      agents: { nodes: [{ name: 'chief' }] },
    });
    const gone = await graph.data(
      `mutation ($id: ID!) { removeAgent(input: { agentId: $id }) { ... on RemovedAgent { id } ... on Refusal { code } } }`,
      ids,
    );
    expect(gone).toEqual({ removeAgent: { id: made.id } });
    const left = `query ($id: ID!, $runId: ID!) { agent(id: $id) { id } node(id: $id) { id }
      run(id: $runId) { agents { nodes { role } } } }`;
    expect(await graph.data(left, ids)).toEqual({
      agent: null,
      node: null,
      run: { agents: { nodes: [{ role: 'writes' }] } },
    });
  });

  test('what a user can mend is a member of the result', async () => {
    const { viewer } = await team(1);
    const refused = async (input: object) => graph.data(CREATE, { input }, { viewer });
    expect(await refused({ name: '' })).toMatchObject({
      createAgent: { code: 'INVALID', issues: [{ path: 'input.name' }] },
    });
    expect(await refused({ name: '0' })).toMatchObject({ createAgent: { code: 'CONFLICT' } });
    const others = `{ agents { nodes { name } } }`;
    expect(await graph.data(others, {}, { viewer: await otherViewer(database) })).toEqual({
      agents: { nodes: [] },
    });
  });

  test('relations come in pages, each once, by direction and kinds; a cursor is of its own list', async () => {
    const { viewer, ctx, ids, relate } = await team(4);
    await relate([
      [0, 1],
      [0, 2],
      [3, 0],
      [0, 0],
    ]);
    await relate([[0, 1]], 'leads');
    await ctx.sql.transaction((tx) =>
      writeGraph(tx, viewer.workspaceId, {
        nodes: [{ kind: 'tool', key: 'hammer' }],
        relations: [{ kind: 'uses', from: { id: ids[0]! }, to: { kind: 'tool', key: 'hammer' } }],
      }),
    );
    const ask = async (variables: object) => {
      const data = await graph.data<Relations>(RELATIONS, { id: ids[0], ...variables }, { viewer });
      return data.agent.relations;
    };
    const seen: unknown[] = [];
    let after: string | null = null;
    for (;;) {
      const page = await ask({ first: 2, after });
      seen.push(...page.nodes);
      after = page.endCursor;
      if (!page.hasNextPage) break;
    }
    const whole = await ask({});
    expect(seen).toEqual(whole.nodes);
    expect(whole).toMatchObject({ hasNextPage: false });
    const names = (nodes: Relations['agent']['relations']['nodes']) =>
      nodes.map(({ agent, relation }) => `${relation.kind} ${agent?.name}`).toSorted();
    expect(names(whole.nodes)).toEqual(
      ['knows 0', 'knows 1', 'knows 2', 'knows 3', 'leads 1', 'uses undefined'].toSorted(),
    );
    expect(names((await ask({ entityKinds: ['Agent'], kinds: ['leads', 'uses'] })).nodes)).toEqual([
      'leads 1',
    ]);
    expect(names((await ask({ direction: 'IN' })).nodes)).toEqual(['knows 0', 'knows 3']);
    expect((await ask({ kinds: [] })).nodes).toEqual([]);
    const codes = async (variables: object) =>
      codesOf(await graph.ask(RELATIONS, { id: ids[0], ...variables }, { viewer }));
    expect(await codes({ after: whole.endCursor, direction: 'OUT' })).toEqual(['INVALID']);
    expect(await codes({ after: 'nonsense' })).toEqual(['INVALID']);
    for (const first of [0, -1, 101]) expect(await codes({ first })).toEqual(['INVALID']);
    const kinds = Array.from({ length: 101 }, (_, at) => String(at));
    expect(await codes({ kinds })).toEqual(['LIMITED']);
    expect(await codes({ first: 100, kinds: kinds.slice(1) })).toEqual([]);
  });
});
