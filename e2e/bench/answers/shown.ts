/** What was measured, for people: JSON for stdout, a table on stderr. */
import { percentile } from '../figures.ts';
import type { Measured } from './measure.ts';
import type { Memory } from './memory.ts';
import type { OperationName } from './operations.ts';
import { bestRival, nameOf, ratio, ratiosOf, type Results } from './ratios.ts';
import type { ServerName } from './servers.ts';

/** Of one server and operation: medians over the rounds, and of CPU the least and the most. */
interface Figures {
  readonly cpu_us: number;
  readonly cpuLeast_us: number;
  readonly cpuMost_us: number;
  readonly perSecond: number;
  /** Of CPU, to ours and to bare http: medians of the rounds' ratios. */
  readonly toOurs?: number;
  readonly toBare?: number;
}

export function shown(results: Results): object {
  const operations = Object.fromEntries(
    [...results].map(([operation, measured]) => [operation, figuresOf(operation, measured)]),
  );
  const ratios = [...ratiosOf(results)].map(([wanted, found]) => {
    const { max, aim } = wanted;
    const line = {
      ...found,
      ...(max === undefined ? {} : { max: rounded(max), within: found.median <= max }),
      ...(aim === undefined ? {} : { aim: rounded(aim), reached: found.median <= aim }),
    };
    console.error(`${nameOf(wanted)}: ${JSON.stringify(line)}`);
    return [nameOf(wanted), line] as const;
  });
  return {
    operations,
    bestRival: bestRival(results.get('page')),
    ratios: Object.fromEntries(ratios),
  };
}

function figuresOf(
  operation: OperationName,
  measured: ReadonlyMap<ServerName, Measured>,
): Record<string, Figures> {
  const figures: Record<string, Figures> = {};
  const [ours, bare] = [measured.get('ours'), measured.get('bare')];
  for (const [name, each] of measured) {
    const at = (share: number) => Math.round(percentile(each.cpu_ms, share) * 10_000) / 10;
    figures[name] = {
      cpu_us: at(0.5),
      cpuLeast_us: at(0),
      cpuMost_us: at(1),
      perSecond: Math.round(percentile(each.perSecond, 0.5)),
      ...(ours ? { toOurs: rounded(ratio(each, ours).median) } : {}),
      ...(bare ? { toBare: rounded(ratio(each, bare).median) } : {}),
    };
  }
  const columns = ['cpu_us', 'cpuLeast_us', 'cpuMost_us', 'perSecond', 'toOurs', 'toBare'] as const;
  console.error([operation.padEnd(16), ...columns.map((name) => name.padStart(12))].join(''));
  for (const [name, each] of Object.entries(figures)) {
    const cells = columns.map((column) => String(each[column] ?? '').padStart(12));
    console.error([name.padEnd(16), ...cells].join(''));
  }
  return figures;
}

/** What a request allocates and the collector's share (memory.ts), of each server and operation. */
export function memoryShown(
  memory: Map<ServerName, Partial<Record<OperationName, Memory>>>,
): object {
  for (const [name, operations] of memory)
    for (const [operation, figures] of Object.entries(operations))
      console.error(`${name.padEnd(16)} ${operation.padEnd(9)} ${JSON.stringify(figures)}`);
  return Object.fromEntries(memory);
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
