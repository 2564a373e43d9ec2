/** What people do to agents. */
import { assignAgents } from '../resolvers/agents/assign.ts';
import {
  configureAgent,
  createAgent,
  removeAgent,
  updateAgent,
} from '../resolvers/agents/commands.ts';
import { globalId } from '../resolvers/keys.ts';
import { Agent } from './agents.ts';
import { builder } from './builder.ts';
import { REFUSALS } from './errors.ts';
import { IDEMPOTENCY_KEY } from './inputs.ts';
import { Run } from './runs.ts';

const EXPECTED_VERSION = 'CONFLICT unless the agent is at this version.';

const CreateAgentInput = builder.inputType('CreateAgentInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: 'Unique in the workspace.' }),
    description: t.string(),
    metadata: t.field({
      type: 'JSON',
      description: 'An object. They are the properties of its entity as well.',
    }),
    settings: t.field({
      type: 'JSON',
      description: 'An object, of its first configuration: model, prompt, tools …',
    }),
    note: t.string({ description: 'On that configuration, for people.' }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

const UpdateAgentInput = builder.inputType('UpdateAgentInput', {
  fields: (t) => ({
    agentId: t.id({ required: true }),
    name: t.string({ description: 'What is left out, or null, stays as it is.' }),
    description: t.string(),
    metadata: t.field({ type: 'JSON', description: 'An object, in place of the one before.' }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

const ConfigureAgentInput = builder.inputType('ConfigureAgentInput', {
  fields: (t) => ({
    agentId: t.id({ required: true }),
    settings: t.field({
      type: 'JSON',
      required: true,
      description: 'An object: all of them, those of the configuration before are not kept.',
    }),
    note: t.string({ description: 'Why, for people.' }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

const RemoveAgentInput = builder.inputType('RemoveAgentInput', {
  fields: (t) => ({
    agentId: t.id({ required: true }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

const AssignedAgentInput = builder.inputType('AssignedAgentInput', {
  fields: (t) => ({
    agentId: t.id({ required: true }),
    role: t.string({ required: true, description: 'What it does in the run, in your words.' }),
  }),
});

const AssignAgentsInput = builder.inputType('AssignAgentsInput', {
  fields: (t) => ({
    runId: t.id({ required: true }),
    agents: t.field({ type: [AssignedAgentInput], required: true, description: 'At most 100.' }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

const RemovedAgent = builder.objectRef<{ readonly id: string }>('RemovedAgent').implement({
  fields: (t) => ({
    id: t.id({ resolve: ({ id }) => globalId('Agent', id) }),
  }),
});

builder.mutationFields((t) => ({
  createAgent: t.field({
    type: Agent,
    description: 'Makes an agent, its first configuration, and its entity of the graph.',
    args: { input: t.arg({ type: CreateAgentInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => createAgent(ctx, input),
  }),
  updateAgent: t.field({
    type: Agent,
    description: 'Changes what an agent is called and what is said of it.',
    args: { input: t.arg({ type: UpdateAgentInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => updateAgent(ctx, input),
  }),
  configureAgent: t.field({
    type: Agent,
    description: 'Publishes a new configuration. Runs that it is assigned to keep theirs.',
    args: { input: t.arg({ type: ConfigureAgentInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => configureAgent(ctx, input),
  }),
  removeAgent: t.field({
    type: RemovedAgent,
    description: 'With it go its configurations, its assignments, its entity and its relations.',
    args: { input: t.arg({ type: RemoveAgentInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: async (_root, { input }, ctx) => ({ id: await removeAgent(ctx, input) }),
  }),
  assignAgents: t.field({
    type: Run,
    description:
      'Has agents work on a run, each by the configuration that it has now. One that is assigned already takes the ' +
      'new role and keeps its configuration.',
    args: { input: t.arg({ type: AssignAgentsInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => assignAgents(ctx, input),
  }),
}));
