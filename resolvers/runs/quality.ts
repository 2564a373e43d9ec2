/** A workflow's quality: the mean quality of the artifacts that its runs made or used. */
import type { Ctx } from '../context.ts';
import { statement } from '../sql.ts';
import { WORKFLOW } from './entities.ts';

const QUALITIES = statement<{ readonly id: string; readonly quality: number | null }>(
  'workflows.qualities',
  `SELECT x.id, ${WORKFLOW.derived['quality']?.sql('x')} AS quality FROM workflow x
  WHERE x.id = ANY($1::uuid[])`,
);

/** 0 to 1 for each workflow; null while no artifact of it was judged. One statement. */
export async function qualitiesOfWorkflows(
  ctx: Ctx,
  workflows: readonly { readonly id: string }[],
): Promise<readonly (number | null)[]> {
  const rows = await ctx.sql.query(QUALITIES, [workflows.map(({ id }) => id)]);
  const qualities = new Map(rows.map(({ id, quality }) => [id, quality]));
  return workflows.map(({ id }) => qualities.get(id) ?? null);
}
