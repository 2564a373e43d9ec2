/** What people and programs know: documents, and what they mention. */
import type { Ctx } from '../context.ts';
import { Conflict, Invalid, NotFound } from '../errors.ts';
import { entityUuid, entityUuids } from '../graph/ids.ts';
import { writeGraph } from '../graph/write.ts';
import { once, type Repeatable } from '../idempotency.ts';
import { collectIssues } from '../issues.ts';
import { uuidOf } from '../keys.ts';
import { forgetLoaded } from '../loaders.ts';
import { authorize } from '../policy.ts';
import { statement, type Sql } from '../sql.ts';
import { documentsById } from './loaders.ts';
import {
  checkDocument,
  checkMentions,
  checkSize,
  DOCUMENT_KIND,
  DOCUMENT_LIMITS,
  MENTION_KIND,
  mentionProperties,
  type DocumentInput,
  type MentionInput,
} from './model.ts';
import type { DocumentRow } from './rows.ts';

/**
 * Makes a document, or changes the one of this key: title and text become those given, uri and metadata where they are.
 * What stays as it was gets no new version.
 *
 * Writes: graph_node, document, idempotency_key (one transaction).
 * Refuses: Invalid (every problem), Forbidden, Conflict (`expectedVersion`, idempotency key).
 * Cost: 5 or 6 statements, 3 more with a key.
 */
export async function putDocument(
  ctx: Ctx,
  input: DocumentInput & Repeatable,
): Promise<DocumentRow> {
  authorize(ctx.viewer, 'knowledge.write', ctx.viewer);
  const issues = collectIssues();
  checkDocument(input, issues);
  if (issues.count() > 0) throw issues.refusal('input');
  const id = await once(ctx, 'putDocument', input, async (tx) => {
    const { key, title, text, uri, metadata } = input;
    const node = { kind: DOCUMENT_KIND, key, name: title };
    const { nodes } = await writeGraph(tx, ctx.viewer.workspaceId, { nodes: [node] }); // And locks it.
    const made = nodes[0]!.id;
    checkVersion(key, await versionOf(tx, made), input.expectedVersion);
    await tx.query(PUT, [
      made,
      ctx.viewer.workspaceId,
      key,
      title,
      text,
      uri ?? null,
      metadata == null ? null : JSON.stringify(metadata),
      ctx.now(),
    ]);
    return made;
  });
  return written(ctx, id);
}

/**
 * Removes a document, with its mentions.
 *
 * Writes: graph_node; document, graph_relation and what was made of the document go with it.
 * Refuses: Invalid (the id), Forbidden, NotFound, Conflict (`expectedVersion`).
 * Cost: 6 statements.
 */
export async function removeDocument(
  ctx: Ctx,
  { id: given, expectedVersion }: { id: string; expectedVersion?: number | null | undefined },
): Promise<string> {
  authorize(ctx.viewer, 'knowledge.write', ctx.viewer);
  const id = uuidOf('Document', given, 'input.id');
  await ctx.sql.transaction(async (tx) => {
    await tx.query(LOCK_NODE, [id, ctx.viewer.workspaceId]);
    const version = await ownVersion(tx, ctx, id);
    if (version === null) throw new NotFound('Document', id);
    checkVersion(id, version, expectedVersion);
    await writeGraph(tx, ctx.viewer.workspaceId, { removedNodes: [id] });
  });
  forgetLoaded(ctx);
  return id;
}

/**
 * Says that a document mentions entities. Said again of one, count and positions become the new ones.
 *
 * Writes: graph_relation (one transaction).
 * Refuses: Invalid (every problem; entities that are not there), Forbidden, NotFound (the document).
 * Cost: 4 or 5 statements, however many are mentioned.
 */
export async function mention(
  ctx: Ctx,
  input: { readonly documentId: string; readonly mentions: readonly MentionInput[] },
): Promise<DocumentRow> {
  authorize(ctx.viewer, 'knowledge.write', ctx.viewer);
  const issues = collectIssues();
  checkMentions(input.mentions, issues);
  if (issues.count() > 0) throw issues.refusal('input');
  const id = uuidOf('Document', input.documentId, 'input.documentId');
  const relations = input.mentions.map((one, at) => ({
    kind: MENTION_KIND,
    from: { id },
    to: { id: entityUuid(one.entityId, `input.mentions[${at}].entityId`) },
    properties: mentionProperties(one),
  }));
  await ctx.sql.transaction(async (tx) => {
    if ((await ownVersion(tx, ctx, id)) === null) throw new NotFound('Document', id);
    const paths = { relations: 'input.mentions' };
    await writeGraph(tx, ctx.viewer.workspaceId, { relations }, { paths });
  });
  return written(ctx, id);
}

/**
 * Takes back that a document mentions entities, however that was said; what it does not mention is none already.
 *
 * Writes: graph_relation (one transaction).
 * Refuses: Invalid, Forbidden, NotFound (the document).
 * Cost: 4 statements, however many they are.
 */
export async function unmention(
  ctx: Ctx,
  input: { readonly documentId: string; readonly entityIds: readonly string[] },
): Promise<DocumentRow> {
  authorize(ctx.viewer, 'knowledge.write', ctx.viewer);
  const issues = collectIssues();
  checkSize(input.entityIds.length, DOCUMENT_LIMITS.mentions_max, 'input.entityIds', issues);
  if (issues.count() > 0) throw issues.refusal('input');
  const id = uuidOf('Document', input.documentId, 'input.documentId');
  const entityIds = entityUuids(input.entityIds, 'input.entityIds');
  const { workspaceId } = ctx.viewer;
  await ctx.sql.transaction(async (tx) => {
    if ((await ownVersion(tx, ctx, id)) === null) throw new NotFound('Document', id);
    const found = await tx.query(FIND_MENTIONS, [workspaceId, id, entityIds, MENTION_KIND]);
    if (found.length > DOCUMENT_LIMITS.mentions_max) {
      const rule = `lead to more than ${DOCUMENT_LIMITS.mentions_max} relations; name fewer`;
      throw new Invalid('input.entityIds', rule);
    }
    await writeGraph(tx, workspaceId, { removedRelations: found.map((row) => row.id) });
  });
  return written(ctx, id);
}

async function written(ctx: Ctx, id: string): Promise<DocumentRow> {
  forgetLoaded(ctx);
  const [document] = await documentsById(ctx, [id]);
  if (!document) throw new NotFound('Document', id);
  return document;
}

async function versionOf(tx: Sql, id: string): Promise<number | null> {
  const [row] = await tx.query(VERSION, [id]);
  return row?.version ?? null;
}

async function ownVersion(tx: Sql, { viewer }: Ctx, id: string): Promise<number | null> {
  const [row] = await tx.query(OWN_VERSION, [id, viewer.workspaceId]);
  return row?.version ?? null;
}

/** `version` null: it is not there. */
function checkVersion(
  name: string,
  version: number | null,
  expected: number | null | undefined,
): void {
  if (expected == null || expected === (version ?? 0)) return;
  const actual = version === null ? 'not there' : `version ${version}`;
  throw new Conflict(`Document ${name}`, `version ${expected}`, actual);
}

const VERSION = statement<{ version: number }>(
  'documents.version',
  'SELECT version FROM document WHERE id = $1',
);
const OWN_VERSION = statement<{ version: number }>(
  'documents.ownVersion',
  'SELECT version FROM document WHERE id = $1 AND workspace_id = $2',
);
/** Its node first, as whoever changes it does. The version is read after that: it may have been waited for. */
const LOCK_NODE = statement<object>(
  'documents.lockNode',
  'SELECT FROM graph_node WHERE id = $1 AND workspace_id = $2 FOR UPDATE',
);
const PUT = statement(
  'documents.put',
  `INSERT INTO document AS d (id, workspace_id, key, title, text, uri, metadata, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, coalesce($7::jsonb, '{}'), $8)
  ON CONFLICT (id) DO UPDATE SET title = excluded.title, text = excluded.text,
    uri = coalesce($6, d.uri), metadata = coalesce($7::jsonb, d.metadata)
  WHERE (d.title, d.text, d.uri, d.metadata) IS DISTINCT FROM
    (excluded.title, excluded.text, coalesce($6, d.uri), coalesce($7::jsonb, d.metadata))`,
);
/** One more than may go at once, to know that there are more. */
const FIND_MENTIONS = statement<{ id: string }>(
  'documents.findMentions',
  `SELECT id FROM graph_relation WHERE workspace_id = $1 AND from_id = $2 AND to_id = ANY($3::uuid[]) AND kind = $4
  LIMIT ${DOCUMENT_LIMITS.mentions_max + 1}`,
);
