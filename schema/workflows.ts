/** Workflows, their versions and their graphs. */
import type { ObjectRef } from '@pothos/core';
import { WORKFLOW, WORKFLOW_VERSION } from '../resolvers/runs/entities.ts';
import {
  graphsOfVersions,
  type GraphEdge,
  type GraphNode,
  type WorkflowGraph,
} from '../resolvers/runs/graph-view.ts';
import { versionsById, workflowsById } from '../resolvers/runs/loaders.ts';
import { qualitiesOfWorkflows } from '../resolvers/runs/quality.ts';
import {
  existingVersion,
  versionsOfWorkflows,
  workflow,
  workflows,
  workflowVersion,
} from '../resolvers/runs/queries.ts';
import { levelsOfSteps } from '../resolvers/runs/step-walk.ts';
import type { StepRow, WorkflowRow, WorkflowVersionRow } from '../resolvers/runs/rows.ts';
import { builder, type Types } from './builder.ts';
import { byKey, columnsShown, showing } from './columns.ts';
import { connectionType } from './connection.ts';
import { listArgs } from './list.ts';
import { nodeType } from './node.ts';

const Graph = builder.objectRef<WorkflowGraph>('WorkflowGraph').implement({
  description: 'Steps and what waits for what, ready to be drawn level by level.',
  fields: (t) => ({
    nodes: t.expose('nodes', { type: [Step], description: 'In the order of the definition.' }),
    edges: t.expose('edges', { type: [Edge] }),
    depth: t.exposeInt('depth', { description: 'Number of levels.' }),
    width: t.exposeInt('width', { description: 'Most steps on one level.' }),
  }),
});

export const Step = builder
  .objectRef<StepRow & Partial<Pick<GraphNode, 'level'>>>('Step')
  .implement({
    description: 'One node of a graph.',
    fields: (t) => ({
      key: t.exposeString('key', { description: 'Unique in its version only.' }),
      name: t.exposeString('name', { description: 'For people; need not be unique.' }),
      position: t.exposeInt('position', { description: 'From 0, in the order of the definition.' }),
      level: t.batch({
        type: 'Int',
        description: '0 when it waits for none, else 1 more than the highest it waits for.',
        batch: (steps, _args, ctx) => levelsOfSteps(ctx, steps),
      }),
      settings: t.expose('settings', {
        type: 'JSON',
        description: 'What its author wants to keep: command, resources.',
      }),
    }),
  });

const Edge = builder.objectRef<GraphEdge>('Edge').implement({
  description: '`toKey` waits for `fromKey`.',
  fields: (t) => ({
    fromKey: t.exposeString('fromKey'),
    toKey: t.exposeString('toKey'),
  }),
});

export const WorkflowVersion: ObjectRef<Types, WorkflowVersionRow> = nodeType<WorkflowVersionRow>(
  'WorkflowVersion',
  {
    description: 'One immutable graph of steps and edges.',
    entity: WORKFLOW_VERSION,
    keys: ['id'],
    key: (version) => version.id,
    load: versionsById,
  },
  (t) => ({
    uuid: t.expose('id', { type: 'UUID' }),
    number: t.exposeInt('number', { description: '1, 2, 3 … within the workflow.' }),
    hash: t.exposeString('hash', {
      description: 'SHA-256 of its steps: the same graph has the same hash everywhere.',
    }),
    stepCount: t.exposeInt('stepCount'),
    edgeCount: t.exposeInt('edgeCount'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    workflow: t.batch({
      type: Workflow,
      nullable: true,
      ...byKey(WORKFLOW, workflowsById, 'workflowId'),
    }),
    graph: t.batch({
      type: Graph,
      nullable: true,
      needs: ['id', 'stepCount', 'edgeCount'],
      batch: (versions, _args, ctx) => graphsOfVersions(ctx, versions),
    }),
  }),
);

const WorkflowVersionConnection = connectionType('WorkflowVersion', WorkflowVersion);

export const Workflow: ObjectRef<Types, WorkflowRow> = nodeType<WorkflowRow>(
  'Workflow',
  {
    description: 'A named definition. It is identified by its key or first graph, for names lie.',
    entity: WORKFLOW,
    keys: ['id'],
    key: (row) => row.id,
    load: workflowsById,
  },
  (t) => ({
    uuid: t.expose('id', { type: 'UUID' }),
    identity: t.exposeString('identity', {
      description: '`key:<chosen key>` or `sha256:<hash of the first version>`.',
    }),
    name: t.exposeString('name'),
    kind: t.exposeString('kind', { description: 'Free grouping, such as `genomics`.' }),
    description: t.exposeString('description', { nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
    version: t.exposeInt('version', {
      description: 'Grows by 1 with each change; orders live updates.',
    }),
    quality: t.batch({
      type: 'Float',
      nullable: true,
      description:
        'Mean quality, 0 to 1, of the artifacts of its runs; null before the first check.',
      needs: ['id'],
      batch: (rows, _args, ctx) => qualitiesOfWorkflows(ctx, rows),
    }),
    versions: t.batch({
      type: WorkflowVersionConnection,
      nullable: true,
      args: listArgs(t.arg, WORKFLOW_VERSION),
      needs: ['id'],
      batch: (rows, args, ctx, shown) =>
        versionsOfWorkflows(ctx, rows, showing(shown, WORKFLOW_VERSION, args)),
    }),
  }),
);

const WorkflowConnection = connectionType('Workflow', Workflow);

builder.queryFields((t) => ({
  workflow: t.batch({
    type: Workflow,
    nullable: true,
    description: 'Null when it is not there.',
    args: { id: t.arg.id({ required: true }) },
    batch: async (_roots, { id }, ctx, shown) => [
      await workflow(ctx, id, columnsShown(shown, WORKFLOW)),
    ],
  }),
  workflows: t.batch({
    type: WorkflowConnection,
    nullable: true,
    args: listArgs(t.arg, WORKFLOW),
    batch: async (_roots, args, ctx, shown) => [
      await workflows(ctx, showing(shown, WORKFLOW, args)),
    ],
  }),
  workflowVersion: t.batch({
    type: WorkflowVersion,
    nullable: true,
    description: 'Null when it is not there.',
    args: { id: t.arg.id({ required: true }) },
    batch: async (_roots, { id }, ctx, shown) => [
      await workflowVersion(ctx, id, columnsShown(shown, WORKFLOW_VERSION)),
    ],
  }),
  workflowGraph: t.field({
    type: Graph,
    nullable: true,
    description: 'The graph of a version, as `workflowVersion { graph }`.',
    args: { workflowVersionId: t.arg.id({ required: true }) },
    resolve: async (_root, { workflowVersionId }, ctx) => {
      const version = await existingVersion(ctx, workflowVersionId);
      return (await graphsOfVersions(ctx, [version]))[0];
    },
  }),
}));
