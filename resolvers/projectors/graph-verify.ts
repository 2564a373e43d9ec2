/**
 * Compares rows with what the projector made of them, in the order of ids and in bounded memory. Rows change meanwhile,
 * and the projection is behind, so what looks different is looked at again: with the lock held, nothing is applied; then
 * a difference is one that no change which is still to be applied will mend.
 */
import { Unavailable } from '../errors.ts';
import type { ChangeKind } from '../events/feed/feed.ts';
import type { Held } from '../graph/projection.ts';
import {
  olderOrOurs,
  openStepper,
  PROJECTED,
  PROJECTED_KINDS,
  type StepParts,
} from './graph-step.ts';
import { TooLarge } from './graph-rows.ts';
import type { Compared, Item, Projected } from './projected.ts';

export interface Difference {
  /** `node` or `relation`. */
  readonly item: string;
  readonly id: string;
  /** `missing`: there is a row and nothing is stored; `extra`: the other way round; `other`: they say other things. */
  readonly how: 'missing' | 'extra' | 'other';
  /** Of `other`: the fields. */
  readonly fields: readonly string[];
}

export interface Verified {
  /** Rows that were compared, by item. */
  readonly compared: Readonly<Record<string, number>>;
  readonly differences: number;
  /** Of them, those that were mended. */
  readonly mended: number;
}

export interface VerifyOptions {
  /** Makes what is stored equal to the rows, under the same lock. */
  readonly repair: boolean;
  readonly found: (difference: Difference) => void;
  /** Ends it with its reason. */
  readonly signal?: AbortSignal;
}

/** Rows of a page, and stored items of one: a page of the longest properties is some 30 MB. */
const PAGE_ITEMS = 500;
/** Judged together. */
const SUSPECTS_MAX = 100;
/** Changes that may be left while something is judged, as pages of the feed. */
const PENDING_PAGES_MAX = 5;
const PENDING_PAGE = 1_000;
/** Times that the projection is brought up to the head, and found behind again. */
const TRIES_MAX = 100;

/**
 * Brings the projection up to date, as a gateway does, then compares. Throws Unavailable where a store is away, or where
 * more is written than can be applied. Cost: a statement of each store per PAGE_ITEMS items; for each SUSPECTS_MAX that
 * look different one transaction of some 5 statements.
 */
export async function verifyGraph(parts: StepParts, options: VerifyOptions): Promise<Verified> {
  const total = { compared: {} as Record<string, number>, differences: 0, mended: 0 };
  const judge = openJudge(parts, options);
  await judge.catchUp();
  for (const projected of PROJECTED) {
    for (const compared of projected.compared) {
      let rows = 0;
      let suspects: string[] = [];
      const settle = async () => {
        const differences =
          suspects.length > 0 ? await judge.of(projected, compared, suspects) : [];
        suspects = [];
        differences.forEach(options.found);
        total.differences += differences.length;
        if (options.repair) total.mended += differences.length;
      };
      for await (const { id, row, stored } of pairs(parts, compared)) {
        options.signal?.throwIfAborted();
        if (row) rows += 1;
        if (!row || !stored || unlike(row, stored).length > 0) suspects.push(id);
        if (suspects.length >= SUSPECTS_MAX) await settle();
      }
      await settle();
      total.compared[compared.item] = rows;
    }
  }
  return total;
}

interface Pair {
  readonly id: string;
  readonly row: Item | null;
  readonly stored: Item | null;
}

/** Both walks as one, in the order of ids. */
async function* pairs({ sql, projection }: StepParts, compared: Compared): AsyncGenerator<Pair> {
  const rows = walk((after) => compared.rowsAfter(sql, after, PAGE_ITEMS));
  const kept = walk((after) => compared.storedAfter(projection, after, PAGE_ITEMS));
  let row = await next(rows);
  let stored = await next(kept);
  while (row || stored) {
    const id = row && (!stored || row.id < stored.id) ? row.id : stored!.id;
    const isRow = row?.id === id;
    const isStored = stored?.id === id;
    yield { id, row: isRow ? row : null, stored: isStored ? stored : null };
    if (isRow) row = await next(rows);
    if (isStored) stored = await next(kept);
  }
}

async function* walk(
  page: (after: string | null) => Promise<readonly Item[]>,
): AsyncGenerator<Item> {
  let after: string | null = null;
  for (;;) {
    const items: readonly Item[] = await page(after);
    if (items.length === 0) return;
    yield* items;
    after = items.at(-1)!.id;
  }
}

async function next(items: AsyncGenerator<Item>): Promise<Item | null> {
  const { done, value } = await items.next();
  return done ? null : value;
}

function unlike(row: Item, stored: Item): string[] {
  return Object.keys(row).filter((field) => row[field] !== stored[field]);
}

function openJudge(parts: StepParts, { repair, signal }: VerifyOptions) {
  const stepper = openStepper(parts);

  /** To the head of the feed, and to the end of a rebuild. */
  async function catchUp(): Promise<void> {
    do signal?.throwIfAborted();
    while ((await stepper.step()) !== 'idle');
  }

  /** Of the suspects what differs for good; mended, if that is asked for. Null when too much is still to be applied. */
  async function lookAt(
    projected: Projected,
    compared: Compared,
    ids: readonly string[],
    held: Held,
  ): Promise<Difference[] | null> {
    const state = olderOrOurs(held.state);
    if (!state?.complete || state.rebuild) return null;
    const stored = byId(await compared.stored(held, ids));
    const rows = byId(await compared.rows(parts.sql, ids));
    // After the rows: what they say, and is not stored, is known to be told of here.
    const pending = await pendingIds(parts, compared.kind, held);
    if (!pending) return null;
    const differences = ids
      .filter((id) => !pending.has(id))
      .flatMap((id) => differenceOf(compared.item, id, rows.get(id), stored.get(id)));
    if (repair && differences.length > 0) {
      const batch = { held, sql: parts.sql, mark: state.generation };
      const changed = new Map([[compared.kind, differences.map(({ id }) => id)]]);
      if (projected.mend) await projected.mend(batch, changed);
      else await projected.bring(batch, changed);
    }
    return differences;
  }

  async function of(
    projected: Projected,
    compared: Compared,
    ids: readonly string[],
  ): Promise<readonly Difference[]> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      await catchUp();
      try {
        const differences = await parts.projection.locked((held) =>
          lookAt(projected, compared, ids, held),
        );
        if (differences) return differences;
      } catch (error) {
        if (!(error instanceof TooLarge)) throw error;
        const half = Math.ceil(ids.length / 2);
        return [
          ...(await of(projected, compared, ids.slice(0, half))),
          ...(await of(projected, compared, ids.slice(half))),
        ];
      }
    }
    throw new Unavailable('neo4j', 'more is written than its projector can apply');
  }

  return { catchUp, of };
}

function differenceOf(
  item: string,
  id: string,
  row: Item | undefined,
  stored: Item | undefined,
): Difference[] {
  if (!row && !stored) return [];
  if (!stored) return [{ item, id, how: 'missing', fields: [] }];
  if (!row) return [{ item, id, how: 'extra', fields: [] }];
  const fields = unlike(row, stored);
  return fields.length > 0 ? [{ item, id, how: 'other', fields }] : [];
}

/** Ids whose changes are still to be applied, or null where there are too many to read while others wait. */
async function pendingIds(
  { feed }: StepParts,
  kind: ChangeKind,
  { state }: Held,
): Promise<Set<string> | null> {
  const ids = new Set<string>();
  let position = state!.position;
  for (let pages = 0; pages < PENDING_PAGES_MAX; pages += 1) {
    const page = await feed.page(position, PENDING_PAGE, { kinds: PROJECTED_KINDS });
    for (const change of page.changes) if (change.kind === kind) ids.add(change.id);
    if (!page.more) return ids;
    position = page.next;
  }
  return null;
}

function byId(items: readonly Item[]): Map<string, Item> {
  return new Map(items.map((item) => [item.id, item]));
}
