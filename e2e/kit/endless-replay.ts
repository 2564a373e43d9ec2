/** `polyphony replay` of a recording of our making, one run after the other, for as long as a test wants. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ask } from './ask.ts';
import { startPolyphony } from './process.ts';

export interface EndlessReplay {
  /** Of the recording. */
  readonly bytes: Buffer;
  /** Events of all its runs that are stored, when the gateway was last there. Rejects when a replay failed. */
  stored(): Promise<number>;
  /** Ends after the current run. Answers the ids of all; rejects when a replay failed. */
  stop(): Promise<readonly string[]>;
}

const TASKS = 200;
/** 402 events in about 4 seconds, in steps of 20 ms. */
const SPEED = '10';
const NAME = 'replayed without end';
const RUNS = `{ runs(first: 100, filter: { workflow: { name: { eq: "${NAME}" } } }) { nodes { version } } }`;

/** Starts with the first run. `folder` is for the recording's file. */
export async function startEndlessReplay(url: string, folder: string): Promise<EndlessReplay> {
  const bytes = chainRecording();
  const file = join(folder, 'endless.json');
  await writeFile(file, bytes);
  const runs: string[] = [];
  const wish = { stop: false };

  async function replay(): Promise<void> {
    while (!wish.stop) {
      const words = ['replay', '--url', `${url}/graphql`, '--speed', SPEED, file];
      const { code, stdout, stderr } = await (await startPolyphony(words)).finished;
      if (code !== 0) throw new Error(`replay ended with ${code}: ${stderr}`);
      runs.push((JSON.parse(stdout) as { runId: string }).runId);
    }
  }

  const replaying = replay();
  let failure: unknown;
  let known = 0;
  replaying.catch((error: unknown) => (failure = error));
  return {
    bytes,
    async stored() {
      if (failure) throw failure;
      const answer = await ask<{ runs: { nodes: { version: number }[] } }>(url, RUNS);
      if ('data' in answer)
        known = answer.data.runs.nodes.reduce((sum, run) => sum + run.version, 0);
      return known;
    },
    async stop() {
      wish.stop = true;
      await replaying;
      return runs;
    },
  };
}

/** Tasks of 0.2 s, one after the other, in WfFormat 1.5. */
export function chainRecording(): Buffer {
  const ids = Array.from({ length: TASKS }, (_, number) => `task-${number}`);
  const tasks = ids.map((id, number) => ({
    id,
    name: id,
    parents: ids.slice(Math.max(0, number - 1), number),
    children: ids.slice(number + 1, number + 2),
    inputFiles: [],
    outputFiles: [`${id}.out`],
  }));
  return Buffer.from(
    JSON.stringify({
      name: NAME,
      createdAt: '2026-03-01T10:00:00Z',
      schemaVersion: '1.5',
      workflow: {
        specification: {
          tasks,
          files: ids.map((id) => ({ id: `${id}.out`, sizeInBytes: 1 })),
        },
        execution: {
          makespanInSeconds: TASKS * 0.2,
          executedAt: '2026-03-01T10:00:00+00:00',
          machines: [{ nodeName: 'node', cpu: { coreCount: 1 } }],
          tasks: ids.map((id) => ({ id, runtimeInSeconds: 0.2, machines: ['node'] })),
        },
      },
    }),
  );
}
