/** Artifacts like another one, by name, kind and metadata. */
import { ARTIFACT } from '../artifacts/entities.ts';
import type { Ctx } from '../context.ts';
import { Invalid, NotFound, Unavailable } from '../errors.ts';
import { compileFilter, type Filter } from '../filter.ts';
import { uuidOf } from '../keys.ts';
import { authorize } from '../policy.ts';
import { spaceOf } from './embedder.ts';
import { artifactContent, vectorStoreOf } from './embeddings.ts';
import { nearest } from './nearest.ts';

export const SIMILAR_MAX = 100;

export interface SimilarArtifact {
  readonly artifactId: string;
  /** The cosine of the vectors: 1 for the same words, about 0 for others. */
  readonly similarity: number;
}

export interface SimilarArtifacts {
  /** Most similar first. */
  readonly items: readonly SimilarArtifact[];
  /** So many vectors were looked at, the newest; null when all were. */
  readonly cutAt: number | null;
}

export interface SimilarArgs {
  readonly id: string;
  readonly filter?: Filter | null | undefined;
  readonly first: number;
}

/**
 * The artifacts whose vectors lie nearest to that of this one, itself left out. Of one that has no vector yet it is made
 * for this answer; others without are not found yet.
 *
 * Refuses: Invalid (id, filter, first), Limited (filter), NotFound, Unavailable (the embedder).
 * Cost: 3 statements.
 */
export async function similarArtifacts(
  ctx: Ctx,
  { id: given, filter, first }: SimilarArgs,
): Promise<SimilarArtifacts> {
  authorize(ctx.viewer, 'artifact.read', ctx.viewer);
  const id = uuidOf('Artifact', given, 'id');
  if (!Number.isInteger(first) || first < 1 || first > SIMILAR_MAX) {
    throw new Invalid('first', `must be 1 to ${SIMILAR_MAX}, got ${first}`);
  }
  const { embedder, sql, viewer } = ctx;
  if (!embedder) throw new Unavailable('embedder', 'there is none (EMBEDDER=off)');
  const space = await spaceOf(embedder);
  const { workspaceId } = viewer;
  const content = await artifactContent(sql, id, workspaceId, space, embedder.text_chars_max);
  if (!content) throw new NotFound('Artifact', id);
  const vector = content.vector ?? (await embedder.embed([content.text]))[0]!;
  const { found, cutAt } = await nearest(sql, {
    workspaceId,
    space,
    store: await vectorStoreOf(sql, space),
    vector,
    kinds: ['artifact'],
    limit: first,
    where: (into) => {
      const now = ctx.now();
      const condition = compileFilter(ARTIFACT, filter, 'x', { params: into, now });
      return `x.id <> ${into.add(id, 'uuid')} AND ${condition}`;
    },
  });
  const items = found.map((near) => ({ artifactId: near.id, similarity: 1 - near.distance }));
  return { items, cutAt };
}
