/** How `polyphony rebuild` and `polyphony verify` are called; graph-projection.ts does it. */
import { Argument, type Command } from 'commander';
import type { Environment } from '../config.ts';

type Run = <Args extends unknown[]>(
  action: (...args: Args) => Promise<number>,
) => (...args: Args) => Promise<void>;

const WHAT = new Argument('<what>', 'what is kept beside the rows').choices(['graph']);

/** Adds them. */
export function projectionCommands(program: Command, run: Run, environment: Environment): void {
  program
    .command('rebuild')
    .description('make what is kept beside the rows anew from them, while all goes on')
    .addArgument(WHAT)
    .addHelpText('after', '\nExample:\n  polyphony rebuild graph  Neo4j, where NEO4J_URL names it')
    .action(run(async () => (await import('./graph-projection.ts')).rebuildGraph(environment)));

  program
    .command('verify')
    .description('compare what is kept beside the rows with them')
    .addArgument(WHAT)
    .option('--repair', 'make it equal to the rows')
    .addHelpText(
      'after',
      `
Examples:
  polyphony verify graph           each difference as a line of JSON on stdout
  polyphony verify graph --repair

What is still on its way is no difference. Ends with 1 when there is one that was not mended.`,
    )
    .action(
      run(async (_what: string, options: { repair?: true }) =>
        (await import('./graph-projection.ts')).verifyGraph(environment, options),
      ),
    );
}
