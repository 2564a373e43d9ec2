/** Figures of a sample. */

/** The value below which `share` (0 to 1) of the sample lies, by nearest rank. NaN of an empty sample. */
export function percentile(sample: readonly number[], share: number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  const at = Math.max(0, Math.ceil(share * sorted.length) - 1);
  return sorted[Math.min(sorted.length - 1, at)] ?? Number.NaN;
}

/** Rounded to a tenth. */
export function median(sample: readonly number[]): number {
  return Math.round(percentile(sample, 0.5) * 10) / 10;
}

/** p50, p95 and p99 in the unit of the sample, rounded to a hundredth. */
export function spread(sample: readonly number[]): { p50: number; p95: number; p99: number } {
  const at = (share: number) => Math.round(percentile(sample, share) * 100) / 100;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
