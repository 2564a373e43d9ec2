/**
 * What makes two graphs the same version: sha256, in hex, over the JSON text of
 * `[[key, name, [parent, …]], …]`, without spaces, steps and parents in order of UTF-16 code units.
 *
 *   [["align","bwa mem",["fetch"]],["fetch","curl",[]]]  →  af5c5a4b…
 */
import { createHash } from 'node:crypto';
import type { GraphStep } from './graph.ts';

/** The hash of a graph that checkGraph let pass. The order of steps and parents does not matter to it. */
export function versionHash(steps: readonly GraphStep[]): string {
  const canonical = steps
    .map(({ key, name, parents }) => [key, name, parents.toSorted()] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(canonical)).digest('hex');
}
