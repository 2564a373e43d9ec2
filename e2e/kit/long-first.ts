/**
 * The order of test files: those known to be long begin first, so that no worker is left with one at the end while the
 * others rest. Without this Vitest goes by the size of files, which says nothing of one that waits for kills.
 */
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Half a minute and more, the longest first. One that is missing here only costs time. */
export const LONG_FILES: readonly string[] = [
  'gateway/stores/graph-neo4j.test.ts',
  'e2e/projection.test.ts',
  'e2e/graph-data.test.ts',
  'e2e/graph-stores.test.ts',
  'e2e/campaign.test.ts',
  'e2e/kill.test.ts',
  'gateway/execution/levels/differential.test.ts',
  'e2e/leaks.test.ts',
  'e2e/landing-live.test.ts',
  'e2e/live-oracle.test.ts',
  'e2e/documents.test.ts',
  'gateway/stores/graph-neo4j-away.test.ts',
  'e2e/cli.test.ts',
  'gateway/stores/embedded.test.ts',
  'e2e/slow-readers.test.ts',
  'e2e/emitter.test.ts',
  'resolvers/live/lists/run-list-model.test.ts',
  'e2e/changes.test.ts',
  'e2e/pages.test.ts',
  'gateway/stores/transactions.test.ts',
  'e2e/oracle.test.ts',
  'gateway/stores/deadlines.test.ts',
];

/** Vitest's sequencer, with the long files at the head. A class, since Vitest makes it. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = LONG_FILES.indexOf(relative(this.ctx.config.root, moduleId));
      return at < 0 ? LONG_FILES.length : at;
    };
    const usual = await super.sort(files); // oxlint-disable-line no-array-sort -- Vitest's, not an array's
    return usual.toSorted((a, b) => place(a) - place(b));
  }
}
