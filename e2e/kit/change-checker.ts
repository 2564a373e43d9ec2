/** Judges what a follower of `changes` was given, only from what writers were told and what it saw. */

/** A write that was answered: this node has this version at least. */
export interface Written {
  readonly id: string;
  readonly version: number;
}

/** A change as it was handed to a client that keeps older versions back. */
export interface Heard {
  readonly id: string;
  readonly version: number;
  readonly fromSeq: number | null;
  readonly toSeq: number | null;
}

/**
 * What is wrong, in words; nothing when of each node versions only rose, none came twice, everything written came,
 * and no event of a run is missing before its newest one.
 */
export function changeFaults(written: readonly Written[], heard: readonly Heard[]): string[] {
  const faults: string[] = [];
  const newest = new Map<string, number>();
  for (const { id, version, fromSeq, toSeq } of heard) {
    const before = newest.get(id) ?? 0;
    if (version <= before) faults.push(`${id}: version ${version} came after ${before}`);
    if (toSeq !== null && toSeq !== version)
      faults.push(`${id}: version ${version} is seq ${toSeq}`);
    if (fromSeq !== null && before > 0 && fromSeq > before + 1) {
      faults.push(`${id}: events ${before + 1} to ${fromSeq - 1} are missing`);
    }
    newest.set(id, version);
  }
  for (const { id, version } of written) {
    const came = newest.get(id) ?? 0;
    if (came < version) faults.push(`${id}: version ${version} was written, ${came} came`);
  }
  return faults.slice(0, 10);
}
