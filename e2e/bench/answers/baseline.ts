/** What was measured before, e2e/bench/baseline.json, and what is worse now. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Counts } from './counts.ts';
import { nameOf, WANTED, type Ratio } from './ratios.ts';

export interface Baseline {
  /** Where and when; ratios alone are compared, for they depend on the machine the least. */
  readonly measured?: object;
  /** Of one request, by name. */
  readonly statements: Counts;
  /** Of CPU, by what is compared (ratios.ts); lower is better. */
  readonly ratios: Readonly<Record<string, Ratio>>;
}

/** How much worse a median may be than the spread of the baseline. */
const WORSE_MAX = 1.1;
const FILE = new URL('../baseline.json', import.meta.url);

export function readBaseline(): Baseline {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Baseline;
}

/** Throws when something that was compared before is missing. */
export function writeBaseline(baseline: Baseline): void {
  const missing = WANTED.map(nameOf).filter((name) => !(name in baseline.ratios));
  if (missing.length > 0) throw new Error(`not measured: ${missing.join(', ')}`);
  const text = JSON.stringify(baseline, null, 2);
  // A list of numbers on one line, as the formatter has it.
  const lists = /\[\s+([\d.,\s]+?)\s+\]/g;
  const onOneLine = (_list: string, numbers: string) => `[${numbers.replaceAll(/\s+/g, ' ')}]`;
  writeFileSync(FILE, `${text.replaceAll(lists, onOneLine)}\n`);
}

/**
 * A sentence for each count that rose and each ratio whose median is more than a tenth above the upper quartile of
 * the baseline. What was not measured now is not compared.
 */
export function worse(baseline: Baseline, now: Omit<Baseline, 'measured'>): string[] {
  return [...risen(baseline.statements, now.statements), ...slower(baseline.ratios, now.ratios)];
}

function risen(before: Counts, now: Counts): string[] {
  return Object.entries(now).flatMap(([operation, counts]) => {
    const known = before[operation as keyof Counts] ?? {};
    return Object.entries(counts)
      .filter(([name, count]) => count > (known[name] ?? 0))
      .map(([name, count]) => `${operation}: ${name} runs ${count} times, not ${known[name] ?? 0}`);
  });
}

function slower(before: Baseline['ratios'], now: Baseline['ratios']): string[] {
  return Object.entries(now).flatMap(([name, { median }]) => {
    const known = before[name];
    if (!known || median <= known.high * WORSE_MAX) return [];
    const { median: was, low, high } = known;
    return [
      `${name} is ${median}, more than ${WORSE_MAX} × ${high}; it was ${was} (${low} to ${high})`,
    ];
  });
}
