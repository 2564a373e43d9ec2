/** What was handed over already, by version: keeps repeats and older states from the one who listens. */

export interface Seen<Item> {
  /** `new` is to be handed over and counts from then on. */
  judge(item: Item): 'new' | 'repeated' | 'older';
  /** The gateway has told to start over: what it says now counts, also if it is older. */
  forget(): void;
}

/** Keys that are remembered, the least recently changed forgotten first. */
const KEYS_MAX = 100_000;

/** Without `version` everything is new; without `key` all items are about the same thing. */
export function openSeen<Item>(
  version: ((item: Item) => number) | undefined,
  key: (item: Item) => string = () => '',
): Seen<Item> {
  const newest = new Map<string, number>();
  return {
    judge(item) {
      if (!version) return 'new';
      const of = key(item);
      const now = version(item);
      const before = newest.get(of) ?? -Infinity;
      if (now === before) return 'repeated';
      if (now < before) return 'older';
      newest.delete(of); // Set again it is the most recent.
      newest.set(of, now);
      if (newest.size > KEYS_MAX) newest.delete(newest.keys().next().value!);
      return 'new';
    },
    forget: () => newest.clear(),
  };
}
