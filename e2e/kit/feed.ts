/** Reading and feeding the change feed in tests, by plain SQL. */
import type { Change, Feed, Only } from '../../resolvers/events/feed/feed.ts';
import type { Position } from '../../resolvers/events/feed/position.ts';
import { newId } from '../../resolvers/keys.ts';
import { LOCAL_VIEWER } from '../../resolvers/policy.ts';
import type { Pool, PoolClient } from 'pg';

/** New workflows, one change each, in one statement; their ids. */
export async function addWorkflows(
  on: Pool | PoolClient,
  count: number,
  workspaceId: string = LOCAL_VIEWER.workspaceId,
): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId());
  await on.query(
    `/* test.addWorkflows */ INSERT INTO workflow (id, workspace_id, identity, name, kind)
    SELECT id, $2, id, 'Workflow of a test', 'test' FROM unnest($1::uuid[]) AS id`,
    [ids, workspaceId],
  );
  return ids;
}

/** Everything after a position, page by page, and where it ends. */
export async function drain(
  feed: Feed,
  position: Position,
  limit = 1_000,
  only: Only = {},
): Promise<{ changes: Change[]; next: Position; pages: number }> {
  const changes: Change[] = [];
  let next = position;
  for (let pages = 1; ; pages += 1) {
    const page = await feed.page(next, limit, only);
    changes.push(...page.changes);
    next = page.next;
    if (!page.more) return { changes, next, pages };
  }
}

/** Ids in order: what is compared. */
export function idsOf(changes: readonly { readonly id: string }[]): string[] {
  return changes.map(({ id }) => id);
}
