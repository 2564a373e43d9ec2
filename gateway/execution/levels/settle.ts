/** Values whose promises are settled: what failed is an Error in its place. */
import type { Shape } from './plan.ts';
import { failure, isThenable } from './asked.ts';

/**
 * A value of a shape without promises in it, also none in its lists; lists that are no arrays are read once. The value
 * itself where there was nothing to do, else a copy, or the promise of one that never rejects.
 */
export function settled(shape: Shape, value: unknown): unknown {
  if (isThenable(value)) {
    return value.then((got) => settled(shape, got), failure);
  }
  if (shape.kind !== 'list' || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return settledItems(shape.item, value);
  if (value instanceof Error || !(Symbol.iterator in value)) return value; // Told when it is completed.
  try {
    return settledItems(shape.item, Array.from(value as Iterable<unknown>));
  } catch (error) {
    return failure(error);
  }
}

function settledItems(item: Shape, items: readonly unknown[]): unknown {
  let copy: unknown[] | null = null;
  let isLate = false;
  for (let i = 0; i < items.length; i += 1) {
    const value = settled(item, items[i]);
    if (value === items[i]) continue;
    copy ??= [...items];
    copy[i] = value;
    if (isThenable(value)) isLate = true;
  }
  if (!isLate) return copy ?? items;
  return Promise.all(copy!);
}

/**
 * Settles the values of a shape in their places. Null where all of them are; else the places of those that are promises
 * still, which never reject.
 */
export function settleAll(shape: Shape, values: unknown[]): number[] | null {
  let open: number[] | null = null;
  for (let i = 0; i < values.length; i += 1) {
    const value = settled(shape, values[i]);
    values[i] = value;
    if (isThenable(value)) (open ??= []).push(i);
  }
  return open;
}

/**
 * Goes on once the values at these places, at least one, are settled too. `begin` and `end` frame the time between, so
 * that the execution does not end meanwhile.
 */
export function whenSettled(
  values: unknown[],
  open: readonly number[],
  wait: { begin(): void; end(): void },
  go: () => void,
): void {
  let waiting = open.length;
  wait.begin();
  for (const i of open) {
    const keep = (got: unknown) => {
      values[i] = got;
      waiting -= 1;
      if (waiting > 0) return;
      go();
      wait.end();
    };
    void (values[i] as PromiseLike<unknown>).then(keep, (error: unknown) => keep(failure(error)));
  }
}
