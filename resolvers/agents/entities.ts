/** The tables of agents, as lists, filters and orders see them. */
import { bigint, id, int, json, ownWorkspace, text, time, workspaceOf } from '../entity.ts';
import type { Entity } from '../entity.ts';
import type { AgentAssignmentRow, AgentConfigurationRow, AgentRow } from './rows.ts';

export const AGENT: Entity<AgentRow> = {
  name: 'Agent',
  plural: 'agents',
  table: 'agent',
  columns: {
    id: id('Agent', 'id'),
    workspaceId: id('Workspace', 'workspace_id'),
    name: text('name'),
    description: text('description', 'nullable'),
    metadata: json('metadata'),
    configurationNumber: int('configuration_number'),
    createdAt: time('created_at'),
    version: bigint('version'),
  },
  derived: {},
  filters: [
    ...(['id', 'name', 'description', 'metadata', 'configurationNumber'] as const),
    ...(['createdAt', 'version'] as const),
  ],
  orders: ['createdAt', 'name'],
  unique: ['id'],
  order: [{ field: 'createdAt', direction: 'DESC' }],
  relations: {
    configurations: {
      to: 'AgentConfiguration',
      kind: 'many',
      on: (agent, configuration) => `${configuration}.agent_id = ${agent}.id`,
    },
    assignments: {
      to: 'AgentAssignment',
      kind: 'many',
      on: (agent, assignment) => `${assignment}.agent_id = ${agent}.id`,
    },
  },
  within: ownWorkspace,
  read: 'agent.read',
};

export const AGENT_CONFIGURATION: Entity<AgentConfigurationRow> = {
  name: 'AgentConfiguration',
  plural: 'agentConfigurations',
  table: 'agent_configuration',
  columns: {
    agentId: id('Agent', 'agent_id'),
    number: int('number'),
    settings: json('settings'),
    note: text('note', 'nullable'),
    createdAt: time('created_at'),
  },
  derived: {},
  filters: ['number', 'settings', 'note', 'createdAt'],
  orders: ['number'],
  unique: ['number'],
  order: [{ field: 'number', direction: 'DESC' }],
  relations: {
    agent: {
      to: 'Agent',
      kind: 'one',
      on: (configuration, agent) => `${agent}.id = ${configuration}.agent_id`,
    },
  },
  within: workspaceOf('agent', 'agent_id'),
  read: 'agent.read',
};

export const AGENT_ASSIGNMENT: Entity<AgentAssignmentRow> = {
  name: 'AgentAssignment',
  plural: 'agentAssignments',
  table: 'run_agent',
  columns: {
    runId: id('Run', 'run_id'),
    agentId: id('Agent', 'agent_id'),
    role: text('role'),
    configurationNumber: int('configuration_number'),
    assignedAt: time('assigned_at'),
  },
  derived: {},
  filters: ['runId', 'agentId', 'role', 'configurationNumber', 'assignedAt'],
  orders: ['assignedAt', 'role'],
  unique: ['runId', 'agentId'],
  order: [{ field: 'assignedAt', direction: 'DESC' }],
  relations: {
    run: { to: 'Run', kind: 'one', on: (made, run) => `${run}.id = ${made}.run_id` },
    agent: { to: 'Agent', kind: 'one', on: (made, agent) => `${agent}.id = ${made}.agent_id` },
  },
  within: workspaceOf('run', 'run_id'),
  read: 'agent.read',
};
