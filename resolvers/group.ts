/** Items by key, in their order. O(items): for handing the rows of one statement to their parents. */
export function groupBy<Item, Key>(
  items: Iterable<Item>,
  keyOf: (item: Item) => Key,
): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** The ids of a level, each once: what appears twice among the parents is asked for once. */
export function distinctIds(rows: readonly { readonly id: string }[]): string[] {
  return [...new Set(rows.map(({ id }) => id))];
}
