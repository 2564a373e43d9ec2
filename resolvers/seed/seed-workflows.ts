/** Workflows of the worlds that we wrote, as rows. */
import { storeWorkflowVersion } from '../runs/store-version.ts';
import type { Sql } from '../sql.ts';
import type { SeedWorkflow } from './small-world-workflows.ts';

/** The workflow and its version, by the workflow's key. */
export type SeedVersions = (key: string) => {
  readonly workflowId: string;
  readonly workflowVersionId: string;
};

/** Stores what is missing of these workflows, each registered at its age. Cost: 1 to 6 statements each. */
export async function storeSeedWorkflows(
  tx: Sql,
  workspaceId: string,
  workflows: readonly SeedWorkflow[],
  now: Date,
): Promise<SeedVersions> {
  const versions = new Map<string, ReturnType<SeedVersions>>();
  for (const { key, name, kind, description, age_h, steps } of workflows) {
    const { workflowId, versionId } = await storeWorkflowVersion(tx, {
      workspaceId,
      key,
      name,
      kind,
      description,
      rename: false,
      steps: steps.map((step) => ({
        key: step.key,
        name: step.name,
        parents: step.parents,
        settings: { cores: step.cores ?? 1, expectedMinutes: Math.round(step.minutes * 10) / 10 },
      })),
      now: new Date(now.getTime() - age_h * 3_600_000),
    });
    versions.set(key, { workflowId, workflowVersionId: versionId });
  }
  return (key) => {
    const version = versions.get(key);
    if (!version) throw new Error(`there is no workflow ${key}`);
    return version;
  };
}
