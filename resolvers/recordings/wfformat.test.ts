import * as fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { edited, readSample } from '../../e2e/kit/samples.ts';
import { Invalid, Limited } from '../errors.ts';
import { versionHash } from '../runs/version-hash.ts';
import { kindOfFile, replayEvents } from './replay-events.ts';
import { parseRecording, readRecording } from './wfformat.ts';

const MOSAIC = await readSample('mosaic');
const EVALUATION = await readSample('evaluation');
const RUN_ID = '00000000-0000-7000-8000-000000000001';

test('a recording is the same plain and compressed, with a byte order mark or without', async () => {
  const plain = await readRecording(MOSAIC);
  expect(plain).toMatchObject({ name: 'mosaic-orion', kind: 'mosaic', makespan_ms: 262_500 });
  expect(plain.tasks).toHaveLength(12);
  expect(await readRecording(gzipSync(MOSAIC))).toEqual(plain);
  expect(await readRecording(Buffer.from(`\ufeff${MOSAIC.toString()}`))).toEqual(plain);
});

test('what may be absent is: runtimes, machines, files, commands', () => {
  const bare = {
    name: 'Nextflow-run-7',
    schemaVersion: '1.5',
    workflow: {
      specification: { tasks: [{ id: 'a', name: 'A', parents: [], children: [] }] },
      execution: { makespanInSeconds: 0, executedAt: '03-23-21T06:04:36Z', tasks: [{ id: 'a' }] },
    },
  };
  const recording = parseRecording(Buffer.from(JSON.stringify(bare)));
  expect(recording).toMatchObject({ kind: 'nextflow', machines: [], description: null });
  expect(recording.tasks).toMatchObject([{ duration_ms: 1, cores: 1, inputs: [], settings: {} }]);
  expect(replayEvents(recording, RUN_ID).map(({ type, payload }) => [type, payload])).toEqual([
    ['RUN_STARTED', undefined],
    ['STEP_STARTED', { inputs: [] }],
    ['STEP_SUCCEEDED', { outputs: [] }],
    ['RUN_SUCCEEDED', undefined],
  ]);
});

test('commands keep their newlines and quotes', async () => {
  const { tasks, kind } = await readRecording(EVALUATION);
  expect(kind).toBe('evaluation');
  expect(tasks[6]?.settings['command']).toMatchObject({
    program: expect.stringContaining(
      `-o report.html
    echo "report: $(report --version | sed 's/^.* //')" > versions.yml`,
    ),
  });
});

test('event ids depend on run and number alone, so a replay can be sent again', async () => {
  const recording = await readRecording(MOSAIC);
  const ids = replayEvents(recording, RUN_ID).map(({ eventId }) => eventId);
  expect(new Set(ids).size).toBe(26);
  expect(replayEvents(recording, RUN_ID).map(({ eventId }) => eventId)).toEqual(ids);
  const other = replayEvents(recording, '00000000-0000-7000-8000-000000000002');
  expect(ids).not.toContain(other[0]?.eventId);
});

test.each([
  ['reads_1.fq.gz', 'fastq'],
  ['/b6/e95c/ERR044595_1_fastqc.html', 'html'],
  ['small.fasta.0', 'fasta'],
  ['x.tar.gz', 'tar'],
  ['.bashrc', 'bashrc'],
  ['nt', 'file'],
  ['a.b/nt', 'file'],
  ['weird.ÄÖ', 'file'],
  ['x.averyveryverylongextension', 'file'],
])('%s is of kind %s', (name, kind) => {
  expect(kindOfFile(name)).toBe(kind);
});

/** The mosaic as WfFormat 1.4 tells it. */
function flat(): Record<string, unknown> {
  const { workflow, runtimeSystem, ...head } = JSON.parse(MOSAIC.toString());
  const { specification, execution } = workflow;
  const sizes = new Map(
    specification.files.map((file: { id: string; sizeInBytes: number }) => [
      file.id,
      file.sizeInBytes,
    ]),
  );
  const link = (names: string[], kind: string) =>
    names.map((name) => ({ link: kind, name, sizeInBytes: sizes.get(name) }));
  const tasks = specification.tasks.map((task: Record<string, string[]>, position: number) => {
    const { coreCount, machines, ...measured } = execution.tasks[position];
    const files = [...link(task['inputFiles']!, 'input'), ...link(task['outputFiles']!, 'output')];
    const { parents, children } = task;
    return {
      ...measured,
      name: task['id'],
      type: 'compute',
      parents,
      children,
      files,
      cores: coreCount,
      machine: machines[0],
    };
  });
  const machines = execution.machines.map(
    ({ cpu, ...machine }: { cpu: { coreCount: number } }) => ({
      ...machine,
      cpu: { count: cpu.coreCount },
    }),
  );
  const { makespanInSeconds, executedAt } = execution;
  const flatWorkflow = { makespanInSeconds, executedAt, machines, tasks };
  return { ...head, schemaVersion: '1.4', wms: runtimeSystem, workflow: flatWorkflow };
}

const FLAT = Buffer.from(JSON.stringify(flat()));

test('1.4 is converted: same graph, files, machines and times as in 1.5', async () => {
  const converted = await readRecording(FLAT);
  const recording = await readRecording(MOSAIC);
  const named = recording.tasks.map((task) => ({ ...task, name: task.key }));
  expect(versionHash(converted.tasks)).toBe(versionHash(named));
  expect(new Map(converted.files)).toEqual(new Map(recording.files));
  expect(replayEvents(converted, RUN_ID)).toEqual(replayEvents(recording, RUN_ID));
  expect(converted.metadata).toMatchObject({ format: 'WfFormat 1.4', runtimeSystem: 'Pegasus' });
});

test('edges of 1.4 may be told from one side only, ids become part of the key', async () => {
  const tasks = JSON.parse(FLAT.toString()).workflow.tasks.length;
  const halves = Array.from({ length: tasks }, (_, n) => `workflow.tasks[${n}]`);
  const byChildren = await readRecording(
    edited(
      FLAT,
      halves.map((at) => [`${at}.parents`, undefined]),
    ),
  );
  const byParents = await readRecording(
    edited(
      FLAT,
      halves.map((at) => [`${at}.children`, undefined]),
    ),
  );
  expect(versionHash(byChildren.tasks)).toBe(versionHash(byParents.tasks));

  const withIds = await readRecording(
    edited(FLAT, [
      ['workflow.tasks[0].id', 'e1'],
      ['workflow.tasks[11].id', 'ID12'],
    ]),
  );
  expect(withIds.tasks[0]?.key).toBe('fetch_tile_e1');
  expect(withIds.tasks[11]?.key).toBe('preview_ID12');
});

test.each([
  [
    'workflow.tasks[1].name',
    'fetch_tile_e1',
    '$.workflow.tasks[1].name',
    /refer to each other by name$/,
  ],
  [
    'workflow.tasks[3].parents[0]',
    'nobody',
    '$.workflow.tasks[3].parents[0]',
    /^there is no task named "nobody"$/,
  ],
  [
    'workflow.tasks[0].files[0].link',
    'both',
    '$.workflow.tasks[0].files[0].link',
    /^must be "input" or "output"/,
  ],
  [
    'workflow.tasks[0].files[0].sizeInBytes',
    -1,
    '$.workflow.tasks[0].files[0].sizeInBytes',
    /is -1$/,
  ],
  [
    'workflow.tasks[0].parents[0]',
    'preview',
    '$.workflow.tasks[0].parents',
    /^must not form a cycle/,
  ],
  [
    'workflow.tasks[1].files[1].name',
    'raw/orion-e1.fits.gz',
    '$.workflow.tasks[1].files[1].name',
    /is an output of/,
  ],
])('1.4 that is not well defined is refused: %s = %j', async (where, value, path, message) => {
  const refusal = await readRecording(edited(FLAT, [[where, value]])).catch(
    (error: unknown) => error,
  );
  expect((refusal as Invalid).issues).toContainEqual({
    path,
    message: expect.stringMatching(message),
  });
});

/** Every place in a document, as keys from its root. */
function placesOf(value: unknown, at: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, inner]) => placesOf(inner, [...at, key]))];
}

test.each([
  ['1.5', MOSAIC],
  ['1.4', FLAT],
])(
  'whatever is done to a %s file, it is read or refused, and what is read has a log',
  (_version, bytes) => {
    const places = placesOf(JSON.parse(bytes.toString())).filter(({ length }) => length > 0);
    const names = [
      'preview',
      'blend',
      'raw/orion-e1.fits.gz',
      '__proto__',
      '',
      '\0',
      '\ud800',
      '😀',
    ];
    const value = fc.oneof(
      fc.constantFrom<unknown>(
        undefined,
        null,
        -1,
        0,
        0.5,
        2 ** 53,
        1e300,
        {},
        [],
        [null],
        ...names,
      ),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const edits = fc.array(fc.tuple(fc.nat(places.length - 1), value), {
      minLength: 1,
      maxLength: 4,
    });
    let read = 0;
    fc.assert(
      fc.property(edits, (chosen) => {
        const document = JSON.parse(bytes.toString());
        for (const [place, put] of chosen) replace(document, places[place]!, put);
        try {
          const recording = parseRecording(Buffer.from(JSON.stringify(document)));
          expect(replayEvents(recording, RUN_ID)).toHaveLength(recording.tasks.length * 2 + 2);
          read += 1;
        } catch (error) {
          if (error instanceof Limited) return; // It has a bound in place of paths.
          if (!(error instanceof Invalid)) throw error;
          expect(error.issues.length).toBeGreaterThan(0);
          for (const { path } of error.issues) expect(path).toMatch(/^\$/);
        }
      }),
      { numRuns: 1_500 },
    );
    expect(read).toBeGreaterThan(20); // Both sides were met.
  },
);

function replace(document: unknown, place: readonly string[], value: unknown): void {
  let holder = document as Record<string, unknown>;
  for (const key of place.slice(0, -1)) {
    const inner = holder[key];
    if (typeof inner !== 'object' || inner === null) return; // An earlier edit took it away.
    holder = inner as Record<string, unknown>;
  }
  const key = place.at(-1)!;
  if (value === undefined && !Array.isArray(holder)) delete holder[key];
  else holder[key] = value;
}
