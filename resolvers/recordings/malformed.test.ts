/** What keeps a recording out: each rule broken in a good one, the exact path and message, and nothing stored. */
import { describe, expect, test } from 'vitest';
import { edited, readSample, type Edit } from '../../e2e/kit/samples.ts';
import { Invalid } from '../errors.ts';
import { readRecording } from './wfformat.ts';

const SPEC = 'workflow.specification';
const RUN = 'workflow.execution';
const GOOD = await readSample('mosaic');

async function problemsOf(bytes: Uint8Array): Promise<string[]> {
  try {
    await readRecording(bytes);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(Invalid);
    return (error as Invalid).issues.map(({ path, message }) => `${path} ${message}`);
  }
}

const TABLE: readonly (readonly [what: string, edits: readonly Edit[], problems: string[]])[] = [
  ['no name', [['name', undefined]], ['$.name is missing']],
  ['an empty name', [['name', '']], ['$.name must not be empty']],
  ['a name with NUL', [['name', 'a\0b']], ['$.name must not hold a NUL character']],
  [
    'a name with half a pair',
    [['name', 'a\ud83d']],
    ['$.name must not hold half of a surrogate pair'],
  ],
  ['no version of the schema', [['schemaVersion', undefined]], ['$.schemaVersion is missing']],
  ['a number as version', [['schemaVersion', 1.5]], ['$.schemaVersion must be text, is a number']],
  [
    'an older version',
    [['schemaVersion', '1.3']],
    [
      '$.schemaVersion must be "1.5", or "1.4" which is converted; migrate older files with the tools of WfCommons; is "1.3"',
    ],
  ],
  ['no workflow', [['workflow', undefined]], ['$.workflow is missing']],
  [
    'neither specification nor execution',
    [['workflow', {}]],
    ['$.workflow.specification is missing', '$.workflow.execution is missing'],
  ],
  ['a list as workflow', [['workflow', []]], ['$.workflow must be an object, is a list']],
  ['no tasks', [[`${SPEC}.tasks`, undefined]], [`$.${SPEC}.tasks is missing`]],
  ['text as tasks', [[`${SPEC}.tasks`, 'x']], [`$.${SPEC}.tasks must be a list, is text`]],
  [
    'null among the tasks',
    [[`${SPEC}.tasks[12]`, null]],
    [`$.${SPEC}.tasks[12] must be an object, is null`],
  ],
  [
    'a task without id',
    [[`${SPEC}.tasks[11].id`, undefined]],
    [
      `$.${SPEC}.tasks[11].id is missing`,
      `$.${SPEC}.tasks[10].children[0] there is no step "preview"`,
    ],
  ],
  [
    'a duplicate id',
    [[`${SPEC}.tasks[1].id`, 'fetch_tile_e1']],
    [
      `$.${RUN}.tasks[1].id there is no task "fetch_tile_e2" in $.${SPEC}.tasks`,
      `$.${SPEC}.tasks[1].id "fetch_tile_e1" is taken by $.${SPEC}.tasks[0] already`,
      `$.${SPEC}.tasks[4].parents[0] there is no step "fetch_tile_e2"`,
      `$.${SPEC}.tasks[1].children[0] "calibrate_e2" does not name "fetch_tile_e1" among its parents`,
    ],
  ],
  [
    'an id past its bound',
    [[`${SPEC}.tasks[0].id`, 'x'.repeat(501)]],
    [
      `$.${SPEC}.tasks[0].id may be at most 500 bytes, has 501`,
      `$.${SPEC}.tasks[3].parents[0] there is no step "fetch_tile_e1"`,
    ],
  ],
  [
    'a task without name',
    [[`${SPEC}.tasks[0].name`, undefined]],
    [`$.${SPEC}.tasks[0].name is missing`],
  ],
  [
    'no parents',
    [[`${SPEC}.tasks[11].parents`, undefined]],
    [`$.${SPEC}.tasks[11].parents is missing`],
  ],
  [
    'a number as parent',
    [[`${SPEC}.tasks[11].parents[0]`, 5]],
    [`$.${SPEC}.tasks[11].parents[0] must be text, is a number`],
  ],
  [
    'a dangling parent',
    [[`${SPEC}.tasks[0].parents[0]`, 'nobody']],
    [`$.${SPEC}.tasks[0].parents[0] there is no step "nobody"`],
  ],
  [
    'a dangling child',
    [[`${SPEC}.tasks[11].children[0]`, 'nobody']],
    [`$.${SPEC}.tasks[11].children[0] there is no step "nobody"`],
  ],
  [
    'a parent named twice',
    [[`${SPEC}.tasks[11].parents[1]`, 'blend']],
    [`$.${SPEC}.tasks[11].parents[1] "blend" is named twice`],
  ],
  [
    'a parent that does not know its child',
    [[`${SPEC}.tasks[10].children`, []]],
    [`$.${SPEC}.tasks[11].parents[0] "blend" does not name "preview" among its children`],
  ],
  [
    'a child that does not know its parent',
    [[`${SPEC}.tasks[11].parents`, []]],
    [`$.${SPEC}.tasks[10].children[0] "preview" does not name "blend" among its parents`],
  ],
  [
    'a cycle',
    [
      [`${SPEC}.tasks[0].parents`, ['preview']],
      [`${SPEC}.tasks[11].children`, ['fetch_tile_e1']],
    ],
    [
      `$.${SPEC}.tasks[0].parents must not form a cycle: "fetch_tile_e1" waits for "preview" waits for "blend" waits for "align_e1" waits for "calibrate_e1" waits for "fetch_tile_e1"`,
    ],
  ],
  [
    'a task without a record',
    [[`${RUN}.tasks[11].id`, 'elsewhere']],
    [
      `$.${SPEC}.tasks[11].id "preview" has no record in $.${RUN}.tasks`,
      `$.${RUN}.tasks[11].id there is no task "elsewhere" in $.${SPEC}.tasks`,
    ],
  ],
  [
    'two records of a task',
    [[`${RUN}.tasks[12]`, { id: 'preview', runtimeInSeconds: 1 }]],
    [`$.${RUN}.tasks[12].id "preview" is told by $.${RUN}.tasks[11] already`],
  ],
  [
    'a negative runtime',
    [[`${RUN}.tasks[0].runtimeInSeconds`, -0.5]],
    [`$.${RUN}.tasks[0].runtimeInSeconds must be a number from 0 to 316224000, is -0.5`],
  ],
  [
    'a runtime of an age',
    [[`${RUN}.tasks[0].runtimeInSeconds`, 316_224_001]],
    [`$.${RUN}.tasks[0].runtimeInSeconds must be a number from 0 to 316224000, is 316224001`],
  ],
  [
    'text as a runtime',
    [[`${RUN}.tasks[0].runtimeInSeconds`, '5']],
    [`$.${RUN}.tasks[0].runtimeInSeconds must be a number, is text`],
  ],
  [
    'a makespan below zero',
    [[`${RUN}.makespanInSeconds`, -1]],
    [`$.${RUN}.makespanInSeconds must be a number from 0 to 316224000, is -1`],
  ],
  [
    'a start without zone',
    [[`${RUN}.executedAt`, '2020-04-01T05:42:15']],
    [
      `$.${RUN}.executedAt must be a date with its zone, as 20200401T054215+0000, 04-01-20T05:42:15Z or 2020-04-01T05:42:15-10:00, is "2020-04-01T05:42:15"`,
    ],
  ],
  [
    'half a core on a machine',
    [[`${RUN}.machines[1].cpu.coreCount`, 0.5]],
    [`$.${RUN}.machines[1].cpu.coreCount must be a whole number from 1 to 1000000, is 0.5`],
  ],
  [
    'a machine without name',
    [[`${RUN}.machines[0].nodeName`, undefined]],
    [`$.${RUN}.machines[0].nodeName is missing`],
  ],
  [
    'text as the command',
    [[`${RUN}.tasks[2].command`, 'ls']],
    [`$.${RUN}.tasks[2].command must be an object, is text`],
  ],
  [
    'a command with NUL',
    [[`${RUN}.tasks[2].command.arguments[1]`, '\0']],
    [`$.${RUN}.tasks[2].command.arguments[1] must not hold a NUL character`],
  ],
  [
    'an undeclared input',
    [[`${SPEC}.tasks[2].inputFiles[1]`, 'secret']],
    [`$.${SPEC}.tasks[2].inputFiles[1] there is no file "secret"`],
  ],
  [
    'an undeclared output',
    [[`${SPEC}.tasks[2].outputFiles[1]`, 'secret']],
    [`$.${SPEC}.tasks[2].outputFiles[1] there is no file "secret"`],
  ],
  [
    'two producers of a file',
    [[`${SPEC}.tasks[1].outputFiles[1]`, 'raw/orion-e1.fits.gz']],
    [
      `$.${SPEC}.tasks[1].outputFiles[1] "raw/orion-e1.fits.gz" is an output of $.${SPEC}.tasks[0] already`,
    ],
  ],
  [
    'a file declared twice',
    [[`${SPEC}.files[1].id`, 'survey/region-orion.json']],
    [
      `$.${SPEC}.files[1].id "survey/region-orion.json" is declared twice`,
      ...[3, 4, 5].map(
        (n) =>
          `$.${SPEC}.tasks[${n}].inputFiles[1] there is no file "calibration/flat-2026-03.fits"`,
      ),
    ],
  ],
  [
    'a file name past its bound',
    [[`${SPEC}.files[0].id`, 'é'.repeat(513)]],
    [`$.${SPEC}.files[0].id may be at most 1024 bytes, has 1026`],
  ],
  ...[-1, 0.5, 2 ** 53, 1e300].map(
    (size) =>
      [
        `a size of ${size}`,
        [[`${SPEC}.files[0].sizeInBytes`, size]],
        [
          `$.${SPEC}.files[0].sizeInBytes must be a whole number from 0 to 9007199254740991, is ${size}`,
        ],
      ] as const satisfies readonly [string, readonly Edit[], string[]],
  ),
  [
    'many problems at once',
    [
      ['name', 5],
      [`${RUN}.tasks[0].runtimeInSeconds`, -1],
      [`${SPEC}.files[0].sizeInBytes`, null],
      [`${SPEC}.tasks[0].parents[0]`, 'nobody'],
      [`${SPEC}.tasks[2].inputFiles[1]`, 'secret'],
    ],
    [
      `$.${RUN}.tasks[0].runtimeInSeconds must be a number from 0 to 316224000, is -1`,
      `$.${SPEC}.files[0].sizeInBytes must be a number, is null`,
      `$.${SPEC}.tasks[0].parents[0] there is no step "nobody"`,
      `$.${SPEC}.tasks[2].inputFiles[1] there is no file "secret"`,
      '$.name must be text, is a number',
    ],
  ],
];

test('the recording that the table edits is a good one', async () => {
  expect(await problemsOf(edited(GOOD, []))).toEqual([]);
});

describe('a recording is refused for', () => {
  test.each(TABLE)('%s', async (_what, edits, problems) => {
    expect(await problemsOf(edited(GOOD, edits))).toEqual(problems);
  });
});
