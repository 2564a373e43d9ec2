/** What is compared: CPU of the gateway for an answer as a multiple of another server's, round by round. */
import { percentile } from '../figures.ts';
import type { Measured } from './measure.ts';
import type { OperationName } from './operations.ts';
import { SERVER_NAMES, SERVERS, type ServerName } from './servers.ts';

export interface Wanted {
  readonly operation: OperationName;
  /** `best rival`: of those people use today the one with the least CPU in this run. */
  readonly to: ServerName | 'best rival';
  /** At most, where something was promised. */
  readonly max?: number;
  /** What would be better still. */
  readonly aim?: number;
}

export const WANTED: readonly Wanted[] = [
  { operation: 'page', to: 'levels', max: 1.3 },
  { operation: 'page', to: 'best rival', max: 1 / 2, aim: 1 / 3.5 },
  { operation: 'outline', to: 'levels', max: 1.3 },
  { operation: 'outline', to: 'best rival', max: 1 / 2, aim: 1 / 3.5 },
  { operation: 'run', to: 'mercurius', max: 1 },
  { operation: 'run', to: 'levels' },
  { operation: 'typename', to: 'mercurius', max: 1.3 },
  { operation: 'typename', to: 'bare' },
];

/** Lower is better. `low` and `high`: quartiles over the rounds. */
export interface Ratio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export type Results = ReadonlyMap<OperationName, ReadonlyMap<ServerName, Measured>>;

export function nameOf({ operation, to }: Wanted): string {
  return `${operation}: ours / ${to}`;
}

/** Of what was measured in this run. */
export function ratiosOf(results: Results): Map<Wanted, Ratio> {
  const ratios = new Map<Wanted, Ratio>();
  for (const wanted of WANTED) {
    const measured = results.get(wanted.operation);
    const to = wanted.to === 'best rival' ? bestRival(measured) : wanted.to;
    const [ours, other] = [measured?.get('ours'), to && measured?.get(to)];
    if (ours && other) ratios.set(wanted, ratio(ours, other));
  }
  return ratios;
}

/** The rival with the least CPU per request; undefined unless all of them were measured. */
export function bestRival(
  measured: ReadonlyMap<ServerName, Measured> | undefined,
): ServerName | undefined {
  const rivals = SERVER_NAMES.filter((name) => SERVERS[name].rival);
  if (!measured || rivals.some((name) => !measured.has(name))) return undefined;
  const cpu_ms = (name: ServerName) => percentile(measured.get(name)!.cpu_ms, 0.5);
  return rivals.toSorted((a, b) => cpu_ms(a) - cpu_ms(b))[0];
}

/** Of each round by itself: its two slices met the same machine. */
export function ratio(ours: Measured, other: Measured): Ratio {
  const each = ours.cpu_ms.map((cpu_ms, round) => cpu_ms / other.cpu_ms[round]!);
  const at = (share: number) => Math.round(percentile(each, share) * 1_000) / 1_000;
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}
