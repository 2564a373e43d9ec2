/** The end of a test run: what was skipped, by name, and one line of counts for machines. */
import type { Reporter, TestModule } from 'vitest/node';

/** Vitest reporter; comes after the default one. Prints `N passed, N failed, N skipped` as its last line. */
export const summary: Reporter = {
  onTestRunEnd(modules, errors, reason) {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    const skipped: string[] = [];
    for (const module of modules) {
      if (module.state() === 'failed' && module.errors().length > 0) count.failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        count[state]++;
        if (state === 'skipped') skipped.push(`${module.relativeModuleId} > ${test.fullName}`);
      }
    }
    if (reason === 'failed') count.failed ||= 1; // The set-up before all tests failed.
    skipped.push(...suitesWithoutServer(modules));
    for (const name of skipped) console.log(`skipped: ${name}`);
    console.log(
      `${count.passed} passed, ${count.failed} failed, ${count.skipped + count.pending} skipped`,
    );
  },
};

/** Suites that run on each database are called by its name; without a server one half of them is not there. */
function suitesWithoutServer(modules: readonly TestModule[]): string[] {
  const why = process.env['TEST_DATABASE_MISSING'];
  if (!why) return [];
  return modules
    .filter((module) =>
      [...module.children.suites()].some(({ name }) => /^'?embedded'?$/.test(name)),
    )
    .map((module) => `${module.relativeModuleId} > postgres (no server: ${why})`);
}
