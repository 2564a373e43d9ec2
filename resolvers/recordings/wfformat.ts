/**
 * WfFormat (https://wfcommons.org/format): executions of workflows as JSON, plain or gzip. 1.5 is read as it is,
 * 1.4 is converted, older ones are refused.
 */
import type { JsonObject } from '../events/log.ts';
import { collectIssues, shown, type Issues } from '../issues.ts';
import { NAME_BYTES_MAX } from '../runs/graph.ts';
import { decode, inflate } from './bytes.ts';
import { checkDraft, type Draft, type Measured } from './draft.ts';
import { readFlatLayout } from './flat-layout.ts';
import { parseJson } from './json-text.ts';
import type { Recording, Task } from './recording.ts';
import { shapeReader, type Fields, type ShapeReader } from './shape.ts';
import { readSplitLayout } from './split-layout.ts';

/** Bytes of a recording, inflated. The largest one we know of has 4.2 MB. */
export const RECORDING_BYTES_MAX = 67_108_864;
/** Objects and lists in each other; the format needs 7. */
const RECORDING_DEPTH_MAX = 64;

const DESCRIPTION_BYTES_MAX = 10_000;

/**
 * The recording in a file. Refuses, and never throws anything else: Limited when it is too large; Invalid with the
 * JSON path of every problem (the first 100 and a count): bytes, text, types, tasks, edges, files.
 */
export async function readRecording(
  bytes: Uint8Array,
  bytes_max: number = RECORDING_BYTES_MAX,
): Promise<Recording> {
  return parseRecording(await inflate(bytes, bytes_max));
}

/** The same for bytes that are inflated. Blocks: 4 MB take about 0.1 s of CPU. */
export function parseRecording(bytes: Uint8Array): Recording {
  const issues = collectIssues();
  const read = shapeReader(issues);
  const root = read.fields(parseJson(decode(bytes), RECORDING_DEPTH_MAX), '$');
  const layout = root && layoutOf(read, root, issues);
  if (!root || !layout) throw issues.refusal('$');

  const workflow = read.object(root, 'workflow', '$');
  const draft = workflow && layout.read(read, workflow, issues);
  if (draft) checkDraft(draft, issues);
  const header = readHeader(read, root, workflow ?? {}, layout);
  if (issues.count() > 0 || !draft) throw issues.refusal('$');
  return assembled(header, draft);
}

interface Layout {
  readonly version: string;
  readonly runtimeKey: 'runtimeSystem' | 'wms';
  readonly read: (read: ShapeReader, workflow: Fields, issues: Issues) => Draft;
}

const LAYOUTS: readonly Layout[] = [
  { version: '1.5', runtimeKey: 'runtimeSystem', read: readSplitLayout },
  { version: '1.4', runtimeKey: 'wms', read: readFlatLayout },
];

function layoutOf(read: ShapeReader, root: Fields, issues: Issues): Layout | null {
  const version = read.text(root, 'schemaVersion', '$', { bytes_max: NAME_BYTES_MAX });
  if (version === null) return null;
  const layout = LAYOUTS.find((one) => one.version === version);
  if (layout) return layout;
  const rule =
    'must be "1.5", or "1.4" which is converted; migrate older files with the tools of WfCommons';
  issues.add('$.schemaVersion', `${rule}; is ${shown(version)}`);
  return null;
}

type Header = Pick<Recording, 'name' | 'description' | 'kind' | 'metadata'>;

function readHeader(read: ShapeReader, root: Fields, workflow: Fields, layout: Layout): Header {
  const rule = { bytes_max: NAME_BYTES_MAX, optional: true };
  const name = read.text(root, 'name', '$', { bytes_max: NAME_BYTES_MAX, filled: true }) ?? '';
  const system = read.object(root, layout.runtimeKey, '$', { optional: true });
  const runtime = system && read.text(system, 'name', `$.${layout.runtimeKey}`, rule);
  const told: Record<string, string | null> = {
    format: `WfFormat ${layout.version}`,
    recordedName: name,
    recordedAt: read.text(root, 'createdAt', '$', rule),
    runtimeSystem: runtime,
    runtimeVersion: system && read.text(system, 'version', `$.${layout.runtimeKey}`, rule),
    repository: read.text(workflow, 'repo', '$.workflow', rule),
    runName: read.text(workflow, 'runName', '$.workflow', rule),
  };
  const metadata: JsonObject = {};
  for (const [key, value] of Object.entries(told)) if (value !== null) metadata[key] = value;
  const description = read.text(root, 'description', '$', {
    bytes_max: DESCRIPTION_BYTES_MAX,
    optional: true,
  });
  return { name, description, kind: kindOf(name, runtime), metadata };
}

/** Words of a name that say nothing of what it is about. */
const HOLLOW = new Set(['workflow', 'run', 'test', 'dax', 'nf', 'core', 'json', 'instance']);

/** The first word of the name that says something, else the runtime system, else `workflow`. */
function kindOf(name: string, runtime: string | null): string {
  const [system] = wordsOf(runtime ?? '');
  const word = wordsOf(name).find((one) => /[a-z]/.test(one) && one !== system && !HOLLOW.has(one));
  return (word ?? system ?? 'workflow').slice(0, 40);
}

function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

function assembled(header: Header, draft: Draft): Recording {
  const { startedAt, makespan_ms, tasks, files, machines } = draft;
  if (!startedAt || makespan_ms === null || !tasks || !files) {
    throw new Error('a draft without issues is complete');
  }
  const whole = tasks.map((task): Task => {
    const { key, name, parents, inputs, outputs, measured } = task;
    return {
      ...(measured as Measured),
      key,
      name,
      parents: parents ?? [],
      inputs: (inputs ?? []).map((use) => use.name),
      outputs: (outputs ?? []).map((use) => use.name),
    };
  });
  return { ...header, startedAt, makespan_ms, machines, tasks: whole, files };
}
