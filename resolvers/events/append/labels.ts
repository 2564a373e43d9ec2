/** Tags and metadata of a run: what people and workers write on it. Pure. */
import { Limited } from '../../errors.ts';
import type { CheckedEvent } from './check.ts';
import type { JsonObject } from '../log.ts';
import type { Draft } from './state.ts';

/** Tags of one run. They are searched through an index, and shown in lists. */
export const TAGS_MAX = 100;
/** UTF-8 bytes of a run's metadata, which is read with its row. */
export const METADATA_BYTES_MAX = 65_536;

/** Merges what METADATA_UPDATED says into the run's row. Refuses Limited when that becomes too much. */
export function label(draft: Draft, event: CheckedEvent, seq: number, path: string): void {
  const { run } = draft;
  const { addTags, metadata } = event.payload;
  const tags = [...new Set([...(run.tags ?? []), ...(addTags ?? [])])];
  const merged = mergeMetadata(run.metadata ?? {}, metadata ?? {});
  checkLabels(tags, merged, `${path}.payload`);
  draft.run = { ...run, tags, metadata: merged, movedSeq: seq };
}

/** Refuses Limited past the bounds of a run's labels. */
export function checkLabels(tags: readonly string[], metadata: JsonObject, path: string): void {
  if (tags.length > TAGS_MAX) throw new Limited(`tags (${path})`, TAGS_MAX, tags.length);
  const bytes = Buffer.byteLength(JSON.stringify(metadata));
  if (bytes > METADATA_BYTES_MAX) {
    throw new Limited(`bytes of metadata (${path})`, METADATA_BYTES_MAX, bytes);
  }
}

/** By top-level key: a value replaces, null deletes. */
function mergeMetadata(before: JsonObject, patch: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries({ ...before, ...patch }).filter(([key, value]) => {
      return value !== undefined && patch[key] !== null;
    }),
  );
}
