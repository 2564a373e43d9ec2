/** The recordings of our own, as they are and with edits. */
import { readFile } from 'node:fs/promises';

export type SampleName = 'mosaic' | 'evaluation';

/** The bytes of a recording in e2e/samples. */
export function readSample(name: SampleName): Promise<Buffer> {
  return readFile(new URL(`../samples/${name}.json`, import.meta.url));
}

/** Where in a document, as `workflow.execution.tasks[3].id`, and what to put there; undefined removes it. */
export type Edit = readonly [path: string, value: unknown];

/** The document with these edits, in order, as bytes. A list grows by an edit one past its end. */
export function edited(bytes: Uint8Array, edits: readonly Edit[]): Buffer {
  const document: unknown = JSON.parse(Buffer.from(bytes).toString());
  for (const [path, value] of edits) {
    const keys = path.match(/[^.[\]]+/g) ?? [];
    const last = keys.pop() ?? '';
    let holder = document as Record<string, unknown>;
    for (const key of keys) holder = holder[key] as Record<string, unknown>;
    if (value === undefined) delete holder[last];
    else
      Object.defineProperty(holder, last, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
  }
  return Buffer.from(JSON.stringify(document));
}
