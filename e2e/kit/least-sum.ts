/** Dijkstra's algorithm as a text book has it, for tests to compare with. */

/** The least sum of weights from one place to another; Infinity where no path leads. O(places²). */
export function leastSum(
  edges: readonly (readonly [from: string, to: string, weight: number])[],
  from: string,
  to: string,
): number {
  const leading = new Map<string, (readonly [to: string, weight: number])[]>();
  for (const [start, end, weight] of edges) {
    const list = leading.get(start) ?? [];
    list.push([end, weight]);
    leading.set(start, list);
  }
  const open = new Map([[from, 0]]);
  const closed = new Set<string>();
  for (;;) {
    let [place, sum] = ['', Infinity];
    for (const [other, otherSum] of open) if (otherSum < sum) [place, sum] = [other, otherSum];
    if (place === to || sum === Infinity) return sum;
    open.delete(place);
    closed.add(place);
    for (const [end, weight] of leading.get(place) ?? []) {
      if (!closed.has(end)) open.set(end, Math.min(open.get(end) ?? Infinity, sum + weight));
    }
  }
}
