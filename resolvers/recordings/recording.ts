/** A recorded execution of a workflow, whatever format it came in: validated, in our words and units. Pure. */
import type { JsonObject } from '../events/log.ts';
import type { GraphStep } from '../runs/graph.ts';

export interface Recording {
  /** As recorded. Does not identify the workflow. */
  readonly name: string;
  readonly description: string | null;
  /** Free grouping, made of the name: `blast`, `montage`. */
  readonly kind: string;
  readonly startedAt: Date;
  readonly makespan_ms: number;
  /** In the order of the file; the first of a name counts. Empty when none is told. */
  readonly machines: readonly Machine[];
  /** In the order of the file. */
  readonly tasks: readonly Task[];
  /** Name → bytes, 0 to 2^53 - 1: whatever a task reads or writes is here. */
  readonly files: ReadonlyMap<string, number>;
  /** What else is told about the recording. */
  readonly metadata: JsonObject;
}

export interface Machine {
  readonly name: string;
  /** Cores. */
  readonly slots: number;
}

export interface Task extends GraphStep {
  /** Names of files, each once. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly duration_ms: number;
  /** Cores it needs; may be a fraction. */
  readonly cores: number;
  /** Higher starts first. */
  readonly priority: number;
  /** Names of machines, the first known one counts. */
  readonly machines: readonly string[];
  /** What the author wants: command, cores, priority. */
  readonly settings: JsonObject;
  /** What was measured: CPU, memory, bytes read and written. */
  readonly usage: JsonObject;
}
