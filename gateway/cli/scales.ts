/** How large a world `seed --scale` makes. */

/** Artifacts; a tenth as many runs, and as many step runs as artifacts. */
export const SEED_SCALES = { '10k': 10_000, '100k': 100_000, '1m': 1_000_000 } as const;

export type SeedScale = keyof typeof SEED_SCALES;

/** Whether this is one of them. */
export function isScale(text: string): text is SeedScale {
  return Object.hasOwn(SEED_SCALES, text);
}
