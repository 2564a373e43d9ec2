/** What followers of a view are told: made once for all who were told the same before. */
import type { Viewed } from './followed-views.ts';

/** A time in which the feed goes on; when it begins anew nothing can be compared with what was before. */
export interface Era {
  /** Rises. */
  readonly number: number;
  /** Why it began; null for the first. */
  readonly reason: string | null;
}

/** A view whose marks can be compared while its feed has not begun anew. */
export interface ViewOfEra extends Viewed {
  readonly mark: object & { readonly era: number };
  /** Why its era began; null for the first. */
  readonly reason: string | null;
}

export interface Items<View extends ViewOfEra, Update> {
  /** The whole of it; `reason`: why the follower starts over. */
  readonly snapshot: (view: View, reason: string | null) => Update;
  /** From what a follower has to a view: a snapshot where its era is another. Null when it looks the same to it. */
  readonly difference: (mark: View['mark'], view: View) => Update | null;
}

/** Shares what these make; `difference` is asked of one era only. */
export function shareItems<View extends ViewOfEra, Update>(
  make: Items<View, Update>,
): Items<View, Update> {
  const snapshots = new WeakMap<View, Map<string | null, Update>>();
  const differences = new WeakMap<View, WeakMap<object, { readonly update: Update | null }>>();

  function snapshot(view: View, reason: string | null): Update {
    const made = snapshots.get(view) ?? new Map<string | null, Update>();
    snapshots.set(view, made);
    const update = made.get(reason) ?? make.snapshot(view, reason);
    made.set(reason, update);
    return update;
  }

  return {
    snapshot,
    difference(mark, view) {
      if (mark.era !== view.mark.era) return snapshot(view, view.reason);
      const made =
        differences.get(view) ?? new WeakMap<object, { readonly update: Update | null }>();
      differences.set(view, made);
      const known = made.get(mark) ?? { update: make.difference(mark, view) };
      made.set(mark, known);
      return known.update;
    },
  };
}
