/**
 * Which changes may touch a network: those of what is in it, and of relations with an end from which it is walked on.
 * Whatever else changes in the graph costs it no walk.
 */
import type { Walk } from '../../graph/port.ts';
import { statement, type Sql } from '../../sql.ts';
import type { FollowedChange, HubPage } from '../feed/feed-hub.ts';
import { keyOf, type Mark } from './network-view.ts';

/** What is followed of the graph, as far as changes go by it. */
export interface Reach {
  readonly workspaceId: string;
  readonly rootIds: ReadonlySet<string>;
  readonly walk: Walk;
}

interface Ends {
  readonly id: string;
  readonly kind: string;
  readonly fromId: string;
  readonly toId: string;
}

const ENDS = statement<Ends>(
  'graph.relationEnds',
  `SELECT id, kind, from_id AS "fromId", to_id AS "toId" FROM graph_relation WHERE id = ANY($1::uuid[])`,
);

/** Of the relations that a page tells of; read once, whichever networks ask. */
const known = new WeakMap<HubPage, Promise<ReadonlyMap<string, Ends>>>();

function endsIn(sql: Sql, page: HubPage): Promise<ReadonlyMap<string, Ends>> {
  const there = known.get(page);
  if (there) return there;
  const ids = page.changes.flatMap(({ kind, gone, id }) =>
    kind === 'relation' && !gone ? [id] : [],
  );
  const reading = sql
    .query(ENDS, [[...new Set(ids)]])
    .then((rows) => new Map(rows.map((row) => [row.id, row])));
  known.set(page, reading);
  reading.catch(() => known.delete(page));
  return reading;
}

/** Whether the page tells of a change by which the network may no longer be what this mark has. */
export async function isTouched(
  sql: Sql,
  page: HubPage,
  reach: Reach,
  mark: Mark,
): Promise<boolean> {
  let unknown = false;
  for (const change of page.changes) {
    if (change.workspaceId !== reach.workspaceId) continue;
    if (change.kind !== 'entity' && change.kind !== 'relation') continue;
    const stamp = mark.stamps.get(keyOf(change.kind, change.id));
    if (stamp) {
      if (change.gone || change.version > stamp.version) return true;
    } else if (change.kind === 'entity') {
      if (!change.gone && reach.rootIds.has(change.id)) return true;
    } else if (change.gone) {
      if (mark.cut !== '') return true; // It may have led to what was left out.
    } else {
      unknown = true;
    }
  }
  return unknown && isMet(await endsIn(sql, page), page.changes, reach, mark);
}

function isMet(
  ends: ReadonlyMap<string, Ends>,
  changes: readonly FollowedChange[],
  { walk }: Reach,
  mark: Mark,
): boolean {
  const isIn = (id: string) => mark.stamps.has(keyOf('entity', id));
  return changes.some(({ kind, id }) => {
    const relation = kind === 'relation' && !mark.stamps.has(keyOf(kind, id)) && ends.get(id);
    if (!relation) return false;
    if (walk.relationKinds && !walk.relationKinds.includes(relation.kind)) return false;
    return (
      (walk.direction !== 'IN' && isIn(relation.fromId)) ||
      (walk.direction !== 'OUT' && isIn(relation.toId))
    );
  });
}
