/** The tables of artifacts and their checks, as lists, filters and orders see them. */
import {
  bigint,
  choice,
  float,
  id,
  json,
  ownWorkspace,
  text,
  time,
  words,
  workspaceOf,
} from '../entity.ts';
import type { Entity } from '../entity.ts';
import type { ArtifactRow, CheckRow } from './rows.ts';

export const ARTIFACT: Entity<ArtifactRow> = {
  name: 'Artifact',
  plural: 'artifacts',
  table: 'artifact',
  columns: {
    id: id('Artifact', 'id'),
    workspaceId: id('Workspace', 'workspace_id'),
    runId: id('Run', 'run_id', 'nullable'),
    stepKey: text('step_key', 'nullable'),
    name: text('name'),
    kind: text('kind'),
    uri: text('uri', 'nullable'),
    sizeBytes: bigint('size_bytes'),
    checksum: text('checksum', 'nullable'),
    quality: float('quality', 'nullable'),
    metadata: json('metadata'),
    createdAt: time('created_at'),
    version: bigint('version'),
    changedSeq: bigint('changed_seq', 'nullable'),
  },
  derived: { search: words('search') },
  filters: [
    ...(['id', 'runId', 'stepKey', 'name', 'kind', 'uri', 'sizeBytes', 'checksum'] as const),
    ...(['quality', 'metadata', 'createdAt', 'version', 'search'] as const),
  ],
  orders: ['createdAt', 'name', 'sizeBytes', 'quality'],
  unique: ['id'],
  walks: { createdAt: ['kind'], quality: ['kind'] },
  order: [{ field: 'createdAt', direction: 'DESC' }],
  relations: {
    run: { to: 'Run', kind: 'one', on: (made, run) => `${run}.id = ${made}.run_id` },
    producedBy: {
      to: 'StepRun',
      kind: 'one',
      on: (made, step) => `${step}.run_id = ${made}.run_id AND ${step}.step_key = ${made}.step_key`,
    },
    usedBy: {
      to: 'StepRun',
      kind: 'many',
      on: (
        used,
        step,
      ) => `EXISTS (SELECT FROM artifact_use WHERE artifact_use.artifact_id = ${used}.id
        AND artifact_use.run_id = ${step}.run_id AND artifact_use.step_key = ${step}.step_key)`,
    },
    checks: { to: 'Check', kind: 'many', on: (made, check) => `${check}.artifact_id = ${made}.id` },
  },
  within: ownWorkspace,
  read: 'artifact.read',
};

export const CHECK: Entity<CheckRow> = {
  name: 'Check',
  plural: 'checks',
  table: 'artifact_check',
  columns: {
    id: id('Check', 'id'),
    artifactId: id('Artifact', 'artifact_id'),
    name: text('name'),
    outcome: choice('CheckOutcome', 'check_outcome', 'outcome'),
    score: float('score'),
    details: json('details'),
    createdAt: time('created_at'),
    changedSeq: bigint('changed_seq', 'nullable'),
  },
  derived: {},
  filters: ['id', 'name', 'outcome', 'score', 'createdAt'],
  orders: ['createdAt', 'name', 'score'],
  unique: ['id'],
  order: [{ field: 'createdAt', direction: 'DESC' }],
  relations: {
    artifact: {
      to: 'Artifact',
      kind: 'one',
      on: (check, made) => `${made}.id = ${check}.artifact_id`,
    },
  },
  within: workspaceOf('artifact', 'artifact_id'),
  read: 'artifact.read',
};
