/** What people do to workflows. */
import { registerWorkflow, type RegisteredWorkflow } from '../resolvers/runs/register.ts';
import { builder } from './builder.ts';
import { REFUSALS } from './errors.ts';
import { IDEMPOTENCY_KEY } from './inputs.ts';
import { Workflow, WorkflowVersion } from './workflows.ts';

const StepInput = builder.inputType('StepInput', {
  fields: (t) => ({
    key: t.string({ required: true, description: 'Unique in this graph.' }),
    name: t.string({ description: 'For people; else the key.' }),
    parents: t.stringList({ description: 'Keys of the steps it waits for.' }),
    settings: t.field({ type: 'JSON', description: 'An object: command, resources …' }),
  }),
});

const RegisterWorkflowInput = builder.inputType('RegisterWorkflowInput', {
  fields: (t) => ({
    key: t.string({
      description: 'Identifies the workflow; without it the hash of its first graph does.',
    }),
    name: t.string({ required: true }),
    kind: t.string({ required: true, description: 'Free grouping, such as `genomics`.' }),
    description: t.string(),
    steps: t.field({ type: [StepInput], required: true }),
    expectedVersion: t.int({ description: 'CONFLICT unless the workflow is at this version.' }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

const Registered = builder.objectRef<RegisteredWorkflow>('RegisteredWorkflow').implement({
  fields: (t) => ({
    workflow: t.expose('workflow', { type: Workflow }),
    version: t.expose('version', { type: WorkflowVersion, description: 'Of the graph given.' }),
  }),
});

builder.mutationField('registerWorkflow', (t) =>
  t.field({
    type: Registered,
    description:
      'Stores a workflow and this graph as a version of it. What is there already stays: the same graph again ' +
      'writes nothing, another graph under the same key becomes the next version.',
    args: { input: t.arg({ type: RegisterWorkflowInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => registerWorkflow(ctx, input),
  }),
);
