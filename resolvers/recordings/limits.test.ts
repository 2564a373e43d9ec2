import { expect, test } from 'vitest';
import { Invalid } from '../errors.ts';
import { parseRecording } from './wfformat.ts';

interface Parts {
  readonly inputs?: number;
  readonly outputs?: number;
  readonly files?: number;
  readonly fileName?: string;
  readonly machine?: string;
  readonly cores?: number;
  readonly program?: string;
  readonly description?: string;
  readonly runtime?: number;
}

/** A recording of one task, as large as told. */
function problemsOf(parts: Parts): string[] {
  const { inputs = 0, outputs = 0, fileName, machine = 'm', cores = 1, description = 'x' } = parts;
  const count = parts.files ?? Math.max(inputs, 1) + outputs;
  const names = Array.from({ length: count }, (_, n) => (n === 0 ? (fileName ?? 'f0') : `f${n}`));
  const task = {
    id: 'a',
    name: 'a',
    parents: [],
    children: [],
    inputFiles: names.slice(0, inputs),
    outputFiles: names.slice(count - outputs),
  };
  const run = {
    id: 'a',
    runtimeInSeconds: parts.runtime ?? 1,
    command: { program: parts.program ?? 'p', arguments: [] },
  };
  const document = {
    name: 'limits',
    description,
    schemaVersion: '1.5',
    workflow: {
      specification: { tasks: [task], files: names.map((id) => ({ id, sizeInBytes: 1 })) },
      execution: {
        makespanInSeconds: 1,
        executedAt: '2026-01-01T00:00:00Z',
        machines: [{ nodeName: machine, cpu: { coreCount: cores } }],
        tasks: [run],
      },
    },
  };
  try {
    parseRecording(Buffer.from(JSON.stringify(document)));
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(Invalid);
    return (error as Invalid).issues.map(({ path, message }) => `${path} ${message}`);
  }
}

const SPEC = '$.workflow.specification';
const RUN = '$.workflow.execution';

test.each<[what: string, at: Parts, past: Parts, problem: string]>([
  [
    'inputs of a task',
    { inputs: 10_000 },
    { inputs: 10_001 },
    `${SPEC}.tasks[0] may use at most 10000 files, got 10001`,
  ],
  [
    'outputs of a task',
    { outputs: 10_000 },
    { outputs: 10_001 },
    `${SPEC}.tasks[0] may use at most 10000 files, got 10001`,
  ],
  [
    'files',
    { files: 200_000 },
    { files: 200_001 },
    `${SPEC}.tasks may use at most 200000 files, got 200001`,
  ],
  [
    'the name of a file',
    { fileName: 'é'.repeat(512) },
    { fileName: `${'é'.repeat(512)}x` },
    `${SPEC}.files[0].id may be at most 1024 bytes, has 1025`,
  ],
  [
    'the name of a machine',
    { machine: 'm'.repeat(256) },
    { machine: 'm'.repeat(257) },
    `${RUN}.machines[0].nodeName may be at most 256 bytes, has 257`,
  ],
  [
    'cores of a machine',
    { cores: 1_000_000 },
    { cores: 1_000_001 },
    `${RUN}.machines[0].cpu.coreCount must be a whole number from 1 to 1000000, is 1000001`,
  ],
  [
    'a command',
    { program: 'p'.repeat(1_048_576) },
    { program: 'p'.repeat(1_048_577) },
    `${RUN}.tasks[0].command.program may be at most 1048576 bytes, has 1048577`,
  ],
  [
    'a description',
    { description: 'd'.repeat(10_000) },
    { description: 'd'.repeat(10_001) },
    '$.description may be at most 10000 bytes, has 10001',
  ],
  [
    'a runtime',
    { runtime: 316_224_000 },
    { runtime: 316_224_000.5 },
    `${RUN}.tasks[0].runtimeInSeconds must be a number from 0 to 316224000, is 316224000.5`,
  ],
])('%s may be as large as the bound and no larger', (_what, at, past, problem) => {
  expect(problemsOf(at)).toEqual([]);
  expect(problemsOf(past)).toEqual([problem]);
});
