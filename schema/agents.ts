/** Agents: who does the steps of runs, how they are configured, and what they work on. */
import type { ObjectRef } from '@pothos/core';
import { AGENT, AGENT_ASSIGNMENT, AGENT_CONFIGURATION } from '../resolvers/agents/entities.ts';
import { agentsById, configurationKey, configurationsByKey } from '../resolvers/agents/loaders.ts';
import {
  agent,
  agents,
  assignmentsOfAgents,
  assignmentsOfRuns,
  configurationsOfAgents,
  runsOfAgents,
} from '../resolvers/agents/queries.ts';
import type {
  AgentAssignmentRow,
  AgentConfigurationRow,
  AgentRow,
} from '../resolvers/agents/rows.ts';
import { RUN } from '../resolvers/runs/entities.ts';
import { runsById } from '../resolvers/runs/loaders.ts';
import { builder, type Types } from './builder.ts';
import { byKey, columnsShown, showing } from './columns.ts';
import { connectionType } from './connection.ts';
import { listArgs } from './list.ts';
import { nodeType } from './node.ts';
import { Run, RunConnection } from './runs.ts';

export const AgentConfiguration: ObjectRef<Types, AgentConfigurationRow> =
  nodeType<AgentConfigurationRow>(
    'AgentConfiguration',
    {
      description: 'How an agent works, until the next number. Never changes.',
      entity: AGENT_CONFIGURATION,
      keys: ['agentId', 'number'],
      key: configurationKey,
      load: configurationsByKey,
    },
    (t) => ({
      number: t.exposeInt('number', { description: 'From 1, without gaps.' }),
      settings: t.expose('settings', { type: 'JSON' }),
      note: t.exposeString('note', { nullable: true, description: 'Why it was made.' }),
      createdAt: t.expose('createdAt', { type: 'DateTime' }),
    }),
  );

const AgentConfigurationConnection = connectionType('AgentConfiguration', AgentConfiguration);

export const Agent: ObjectRef<Types, AgentRow> = nodeType<AgentRow>(
  'Agent',
  {
    description: 'Who does steps of runs. It is an entity of the graph as well, by the same UUID.',
    entity: AGENT,
    keys: ['id'],
    key: (row) => row.id,
    load: agentsById,
  },
  (t) => ({
    uuid: t.expose('id', { type: 'UUID' }),
    name: t.exposeString('name', { description: 'Unique in the workspace; may change.' }),
    description: t.exposeString('description', { nullable: true }),
    metadata: t.expose('metadata', { type: 'JSON' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    version: t.exposeInt('version', {
      description: 'Grows by 1 with each change; orders live updates.',
    }),
    configuration: t.batch({
      type: AgentConfiguration,
      nullable: true,
      description: 'The newest: runs are given it from now on.',
      needs: ['id', 'configurationNumber'],
      batch: (rows, _args, ctx, shown) =>
        configurationsByKey(
          ctx,
          rows.map(({ id, configurationNumber }) =>
            configurationKey({ agentId: id, number: configurationNumber }),
          ),
          columnsShown(shown, AGENT_CONFIGURATION),
        ),
    }),
    configurations: t.batch({
      type: AgentConfigurationConnection,
      nullable: true,
      description: 'All there were; newest first.',
      args: listArgs(t.arg, AGENT_CONFIGURATION),
      needs: ['id'],
      batch: (rows, args, ctx, shown) =>
        configurationsOfAgents(ctx, rows, showing(shown, AGENT_CONFIGURATION, args)),
    }),
    runs: t.batch({
      type: RunConnection,
      nullable: true,
      description: 'Runs that it is assigned to.',
      args: listArgs(t.arg, RUN),
      needs: ['id'],
      batch: (rows, args, ctx, shown) => runsOfAgents(ctx, rows, showing(shown, RUN, args)),
    }),
  }),
);

builder.objectFields(AgentConfiguration, (t) => ({
  agent: t.batch({ type: Agent, nullable: true, ...byKey(AGENT, agentsById, 'agentId') }),
}));

const AgentAssignment = builder.objectRef<AgentAssignmentRow>('AgentAssignment').implement({
  description: 'An agent works on a run.',
  fields: (t) => ({
    role: t.exposeString('role'),
    assignedAt: t.expose('assignedAt', { type: 'DateTime' }),
    agent: t.batch({ type: Agent, nullable: true, ...byKey(AGENT, agentsById, 'agentId') }),
    run: t.batch({ type: Run, nullable: true, ...byKey(RUN, runsById, 'runId') }),
    configuration: t.batch({
      type: AgentConfiguration,
      nullable: true,
      description: 'That the agent had when it was assigned: newer ones do not change it.',
      needs: ['agentId', 'configurationNumber'],
      batch: (rows, _args, ctx, shown) =>
        configurationsByKey(
          ctx,
          rows.map(({ agentId, configurationNumber }) =>
            configurationKey({ agentId, number: configurationNumber }),
          ),
          columnsShown(shown, AGENT_CONFIGURATION),
        ),
    }),
  }),
});

const AgentAssignmentConnection = connectionType('AgentAssignment', AgentAssignment);

builder.objectFields(Agent, (t) => ({
  assignments: t.batch({
    type: AgentAssignmentConnection,
    nullable: true,
    description: 'To runs, with role and configuration; newest first.',
    args: listArgs(t.arg, AGENT_ASSIGNMENT),
    needs: ['id'],
    batch: (rows, args, ctx, shown) =>
      assignmentsOfAgents(ctx, rows, showing(shown, AGENT_ASSIGNMENT, args)),
  }),
}));

builder.objectFields(Run, (t) => ({
  agents: t.batch({
    type: AgentAssignmentConnection,
    nullable: true,
    description: 'Who works on it, with role and configuration; last assigned first.',
    args: listArgs(t.arg, AGENT_ASSIGNMENT),
    needs: ['id'],
    batch: (rows, args, ctx, shown) =>
      assignmentsOfRuns(ctx, rows, showing(shown, AGENT_ASSIGNMENT, args)),
  }),
}));

const AgentConnection = connectionType('Agent', Agent);

builder.queryFields((t) => ({
  agent: t.batch({
    type: Agent,
    nullable: true,
    description: 'Null when it is not there.',
    args: { id: t.arg.id({ required: true, description: 'Its id, or its UUID as logs show it.' }) },
    batch: async (_roots, { id }, ctx, shown) => [await agent(ctx, id, columnsShown(shown, AGENT))],
  }),
  agents: t.batch({
    type: AgentConnection,
    nullable: true,
    args: listArgs(t.arg, AGENT),
    batch: async (_roots, args, ctx, shown) => [await agents(ctx, showing(shown, AGENT, args))],
  }),
}));
