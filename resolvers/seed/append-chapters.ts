/** Many runs' events into the log at once. */
import { appendIn } from '../events/append/append.ts';
import type { AppendCall } from '../events/log.ts';
import type { Tx } from '../sql.ts';
import type { ToldStory } from './story.ts';

/**
 * Appends what is told of queued runs: the first chapters of all of them together, then the second ones …, for
 * workers carry the fence that the first one gave them. Answers how many events. Cost: one append per chapter of
 * the longest story.
 */
export async function appendChapters(
  tx: Tx,
  workspaceId: string,
  runs: readonly { readonly id: string; readonly told: ToldStory }[],
): Promise<number> {
  const fences = new Map<string, string | null>();
  const longest = Math.max(...runs.map(({ told }) => told.chapters.length));
  let events = 0;
  for (let number = 0; number < longest; number += 1) {
    const calls = runs.flatMap(({ id, told }): AppendCall[] => {
      const chapter = told.chapters[number];
      if (!chapter) return [];
      const fence = chapter.actor === 'worker' ? (fences.get(id) ?? null) : null;
      return [{ runId: id, workspaceId, fence, ...chapter }];
    });
    for (const { runId, fence, events: appended } of await appendIn(tx, calls)) {
      if (fence !== null) fences.set(runId, fence);
      events += appended.length;
    }
  }
  return events;
}
