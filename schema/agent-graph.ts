/** Agents in the graph: their entities, their relations, and the networks that they make. */
import { AGENT } from '../resolvers/agents/entities.ts';
import { agentsById } from '../resolvers/agents/loaders.ts';
import {
  NETWORK_FIRST,
  NETWORK_LIMITS,
  networksOfAgents,
  type AgentNetwork,
} from '../resolvers/agents/network.ts';
import { relateAgents, unrelateAgents } from '../resolvers/agents/relate.ts';
import {
  relationsOfAgents,
  type AgentRelation,
  type AgentRelations,
} from '../resolvers/agents/relations.ts';
import { ENTITY } from '../resolvers/graph/entities.ts';
import { entitiesById, entityRelationsById } from '../resolvers/graph/loaders.ts';
import { shownRelation } from '../resolvers/graph/queries.ts';
import { globalId } from '../resolvers/keys.ts';
import { PAGE } from '../resolvers/page.ts';
import { Agent } from './agents.ts';
import { builder } from './builder.ts';
import { byKey } from './columns.ts';
import { REFUSALS } from './errors.ts';
import { GraphCutRef, GraphDirectionRef } from './graph-words.ts';
import { Entity, EntityRelation } from './graph.ts';
import { IDEMPOTENCY_KEY } from './inputs.ts';

const AgentRelationRef = builder.objectRef<AgentRelation>('AgentRelation').implement({
  description: 'A relation of an agent, with what is at its other end.',
  fields: (t) => ({
    relation: t.field({
      type: EntityRelation,
      resolve: ({ relation }) => shownRelation(relation),
    }),
    entity: t.expose('entity', { type: Entity, description: 'At the other end.' }),
    agent: t.batch({
      type: Agent,
      nullable: true,
      description: 'At the other end; null where that is no agent.',
      ...byKey(AGENT, agentsById, 'agentId'),
    }),
  }),
});

const AgentRelationsRef = builder.objectRef<AgentRelations>('AgentRelations').implement({
  description: 'A page of the relations of an agent.',
  fields: (t) => ({
    nodes: t.field({ type: [AgentRelationRef], resolve: ({ nodes }) => [...nodes] }),
    hasNextPage: t.exposeBoolean('hasNextPage'),
    endCursor: t.expose('endCursor', {
      type: 'Cursor',
      nullable: true,
      description: 'Goes with `after` and the same other arguments.',
    }),
  }),
});

const NetworkMember = builder
  .objectRef<AgentNetwork['members'][number]>('AgentNetworkMember')
  .implement({
    fields: (t) => ({
      depth: t.exposeInt('depth', { description: 'Relations away: 0 is the one asked about.' }),
      agent: t.batch({
        type: Agent,
        nullable: true,
        description: 'Null when it went meanwhile.',
        ...byKey(AGENT, agentsById, 'agentId'),
      }),
    }),
  });

const AgentNetworkRef = builder.objectRef<AgentNetwork>('AgentNetwork').implement({
  fields: (t) => ({
    members: t.field({
      type: [NetworkMember],
      description: 'Nearest first; the one asked about leads.',
      resolve: ({ members }) => [...members],
    }),
    relations: t.field({
      type: [EntityRelation],
      extensions: { size: () => NETWORK_LIMITS.relations_per_agent },
      description: `Between members: at most ${NETWORK_LIMITS.relations_per_agent} for each of \`first\`.`,
      resolve: ({ relations }) => relations.map(shownRelation),
    }),
    cut: t.expose('cut', {
      type: GraphCutRef,
      nullable: true,
      description: 'Null when nothing was left out.',
    }),
  }),
});

const KINDS = 'Of the relations: at most 100; else all.';

builder.objectFields(Agent, (t) => ({
  entity: t.batch({
    type: Entity,
    nullable: true,
    description: 'What it is in the graph: walks begin there.',
    ...byKey(ENTITY, entitiesById, 'id'),
  }),
  relations: t.batch({
    type: AgentRelationsRef,
    nullable: true,
    description: 'With agents and with other entities, in the order of their ids.',
    args: {
      direction: t.arg({ type: GraphDirectionRef, required: true, defaultValue: 'BOTH' }),
      kinds: t.arg.stringList({ description: KINDS }),
      entityKinds: t.arg.stringList({
        description: 'Of what is at the other end: `["Agent"]` for relations with agents alone.',
      }),
      first: t.arg.int({
        extensions: { fallback: PAGE.fallback },
        description: `1 to ${PAGE.max}; else ${PAGE.fallback}.`,
      }),
      after: t.arg({ type: 'Cursor', description: 'Exclusive.' }),
    },
    needs: ['id'],
    batch: (rows, args, ctx) => relationsOfAgents(ctx, rows, args),
  }),
  network: t.batch({
    type: AgentNetworkRef,
    nullable: true,
    description: 'The agents that it reaches by relations between agents.',
    args: {
      depth: t.arg.int({
        required: true,
        defaultValue: 2,
        description: `Relations away: 1 to ${NETWORK_LIMITS.depth_max}.`,
      }),
      direction: t.arg({ type: GraphDirectionRef, required: true, defaultValue: 'BOTH' }),
      kinds: t.arg.stringList({ description: KINDS }),
      first: t.arg.int({
        extensions: { fallback: NETWORK_FIRST },
        description: `Agents at most, the nearest: 1 to ${NETWORK_LIMITS.first_max}; else ${NETWORK_FIRST}.`,
      }),
    },
    needs: ['id'],
    batch: (rows, args, ctx) => networksOfAgents(ctx, rows, args),
  }),
}));

const AgentRelationInput = builder.inputType('AgentRelationInput', {
  fields: (t) => ({
    kind: t.string({ required: true, description: '1 to 100 characters, such as `delegates_to`.' }),
    fromId: t.id({ required: true, description: 'An agent.' }),
    toId: t.id({ required: true, description: 'An agent, or any entity.' }),
    key: t.string({ description: 'Tells several of one kind between the same two apart.' }),
    properties: t.field({
      type: 'JSON',
      description: 'An object. Without it those that are there stay.',
    }),
  }),
});

const RelateAgentsInput = builder.inputType('RelateAgentsInput', {
  fields: (t) => ({
    relations: t.field({
      type: [AgentRelationInput],
      required: true,
      description: 'At most 1,000.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

const UnrelateAgentsInput = builder.inputType('UnrelateAgentsInput', {
  fields: (t) => ({
    relationIds: t.idList({
      required: true,
      description: 'Of relations that lead from an agent or to one: at most 1,000.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

interface Ids {
  readonly ids: readonly string[];
}

const RelatedAgents = builder.objectRef<Ids>('RelatedAgents').implement({
  fields: (t) => ({
    relations: t.field({
      type: t.listRef(EntityRelation, { nullable: true }),
      description: 'In the order of the input; null where one went since.',
      resolve: ({ ids }, _args, ctx) => entityRelationsById(ctx, ids),
    }),
  }),
});

const UnrelatedAgents = builder.objectRef<Ids>('UnrelatedAgents').implement({
  fields: (t) => ({
    removed: t.idList({
      description: 'Ids of relations that are no longer there.',
      resolve: ({ ids }) => ids.map((id) => globalId('EntityRelation', id)),
    }),
  }),
});

builder.mutationFields((t) => ({
  relateAgents: t.field({
    type: RelatedAgents,
    description:
      'Has relations lead from agents to agents or to other entities. There is one for each kind, key and two ends: ' +
      'one that is there takes the properties.',
    args: { input: t.arg({ type: RelateAgentsInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: async (_root, { input }, ctx) => ({ ids: await relateAgents(ctx, input) }),
  }),
  unrelateAgents: t.field({
    type: UnrelatedAgents,
    description: 'Takes such relations away. Those that are not there are gone already.',
    args: { input: t.arg({ type: UnrelateAgentsInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: async (_root, { input }, ctx) => ({ ids: await unrelateAgents(ctx, input) }),
  }),
}));
