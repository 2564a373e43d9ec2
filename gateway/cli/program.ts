/** The command line. Every command is loaded when it is called: `--help` opens no store. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { Invalid } from '../../resolvers/errors.ts';
import { canonicalId } from '../../resolvers/keys.ts';
import type { Environment } from '../config.ts';
import { EXIT, EXIT_HELP, exitCodeOf, explain, Interrupted } from './exit.ts';
import { addTableFlags, tablesHelp } from './import-graph-command.ts';
import { projectionCommands } from './projection-commands.ts';
import type { Speed } from './replay-batches.ts';
import { SEED_SCALES, type SeedScale } from './scales.ts';

const ENDPOINT = 'http://127.0.0.1:4000/graphql';

/** Runs one command and answers its exit code. Prints what goes wrong; never throws. */
export async function runCommand(
  argv: readonly string[],
  environment: Environment,
): Promise<number> {
  const outcome = { code: EXIT.done as number };
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (argv[0] !== 'serve') process.exit(EXIT.done); // Whoever read it has had enough: `… | head`.
  });
  try {
    await programOf(outcome, environment).parseAsync(argv, { from: 'user' });
    return outcome.code;
  } catch (error) {
    // Commander has printed its own: what is wrong with the call, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.invalid;
    process.stderr.write(`${explain(error)}\n`);
    return exitCodeOf(error);
  }
}

function programOf(outcome: { code: number }, environment: Environment): Command {
  const program = new Command('polyphony')
    .description('One GraphQL graph over your stores, with the state of running workflows.')
    .exitOverride()
    .showHelpAfterError('(polyphony --help lists the commands)')
    .addHelpText(
      'after',
      `
Settings are environment variables: polyphony print-config shows them, docs/CONFIG.md explains them.

${EXIT_HELP}`,
    );

  /** An action whose answer is the exit code. */
  const run =
    <Args extends unknown[]>(action: (...args: Args) => Promise<number>) =>
    async (...args: Args) => {
      outcome.code = await action(...args);
    };

  serveCommand(program, run, environment);
  storeCommands(program, run, environment);
  projectionCommands(program, run, environment);
  replayCommand(program, run);
  watchCommand(program, run);
  printCommands(program, run, environment);
  return program;
}

type Run = <Args extends unknown[]>(
  action: (...args: Args) => Promise<number>,
) => (...args: Args) => Promise<void>;

function serveCommand(program: Command, run: Run, environment: Environment): void {
  program
    .command('serve')
    .description('serve the graph until Ctrl-C, which lets running requests end')
    .addHelpText(
      'after',
      examples(
        ['polyphony serve', 'embedded store in ./.polyphony, http://127.0.0.1:4000/graphql'],
        ['PORT=8080 DATA_DIR=/var/lib/polyphony polyphony serve', ''],
        ['DATABASE_URL=postgresql://me@db/polyphony polyphony serve', 'on a server'],
      ),
    )
    .action(run(async () => (await import('./serve.ts')).serve(environment)));
}

function storeCommands(program: Command, run: Run, environment: Environment): void {
  program
    .command('migrate')
    .description('bring the database to the state this version needs')
    .addHelpText(
      'after',
      examples(['DATABASE_URL=postgresql://me@db/polyphony polyphony migrate', '']),
    )
    .action(run(async () => (await import('./migrate.ts')).migrate(environment)));

  program
    .command('seed')
    .description('add the small world of examples, or a large one for measuring')
    .addOption(
      new Option('--scale <size>', 'artifacts of a large world').choices(Object.keys(SEED_SCALES)),
    )
    .addHelpText(
      'after',
      examples(
        ['polyphony seed', 'a few workflows and runs; again changes nothing'],
        ['polyphony seed --scale 1m', '1,000,000 artifacts, 100,000 runs, 1,000,000 step runs'],
      ),
    )
    .action(
      run(async ({ scale }: { scale?: SeedScale }) =>
        (await import('./seed.ts')).seed(environment, scale),
      ),
    );

  program
    .command('import')
    .description('store recorded runs (WfFormat 1.5 or 1.4, plain or gzip) as history')
    .argument('<file...>', 'recordings')
    .addHelpText(
      'after',
      examples(
        ['polyphony import runs/*.json.gz', 'one line of JSON per file on stdout'],
        ['polyphony import a.json a.json', 'the same recording again changes nothing'],
      ),
    )
    .action(
      run(async (files: string[]) => (await import('./import.ts')).importFiles(environment, files)),
    );

  importGraphCommand(program, run, environment);

  program
    .command('doctor')
    .description('look at every store and say how to repair what is wrong')
    .option(
      '--new-epoch',
      'begin a new epoch of the change feed: after a disk or folder was copied back',
    )
    .option('--json', 'print what was found as JSON')
    .addHelpText('after', examples(['polyphony doctor', ''], ['polyphony doctor --new-epoch', '']))
    .action(
      run(async (options: { newEpoch?: true; json?: true }) =>
        (await import('./doctor.ts')).doctor(environment, options),
      ),
    );
}

function importGraphCommand(program: Command, run: Run, environment: Environment): void {
  const command = program
    .command('import-graph')
    .description('store nodes and edges of tables in the graph')
    .addHelpText(
      'after',
      `${examples(
        ['polyphony import-graph --nodes nodes.csv.gz --edges edges.csv.gz', ''],
        ['polyphony import-graph --nodes genes.tsv --kind Gene --node-key entrez', ''],
        ['polyphony import-graph --edges senses.csv --from sense_id --to synset_id --kind of', ''],
      )}

${tablesHelp()}`,
    );
  const { tables } = addTableFlags(command);
  command.action(
    run(async () =>
      (await import('./import-graph.ts')).importGraph(environment, tables(), interruption()),
    ),
  );
}

function replayCommand(program: Command, run: Run): void {
  program
    .command('replay')
    .description(
      'send recorded runs to a running gateway as their worker would, by the recorded clock',
    )
    .argument('<file...>', 'recordings (WfFormat 1.5 or 1.4, plain or gzip)')
    .option('--speed <n>', 'times the recorded speed, or max', speedOf, 60 as Speed)
    .option(
      '--url <url>',
      'address of the gateway, or of its GraphQL endpoint',
      endpointOf,
      ENDPOINT,
    )
    .option('--parallel <n>', 'files at a time', wholeOf(1, 100), 1)
    .option(
      '--resume <run>',
      'go on with this run, which an earlier replay of the file began',
      uuidOf,
    )
    .addHelpText(
      'after',
      `${examples(
        ['polyphony replay e2e/samples/*', '60 times as fast as recorded'],
        ['polyphony replay --speed max --parallel 4 runs/*.json.gz', ''],
        ['polyphony replay --resume 0198… run.json', ''],
      )}

Prints {"runId","workflow","events","seconds","status"} per run on stdout. Events have ids derived from the
run and their number, so whatever is killed meanwhile, each is stored once: a gateway that is away is waited
for; after this command was killed, --resume goes on.`,
    )
    .action(
      run(async (files: string[], options: ReplayFlags) => {
        if (options.resume && files.length > 1) {
          throw new Invalid('--resume', 'goes with one file, the one that the run is of');
        }
        const { replay } = await import('./replay.ts');
        return replay({ files, ...options, signal: interruption() });
      }),
    );
}

function watchCommand(program: Command, run: Run): void {
  program
    .command('watch')
    .description('show a run while it happens, until it has ended')
    .argument('<run>', 'its id')
    .option('--url <url>', 'GraphQL endpoint of the gateway', endpointOf, ENDPOINT)
    .option('--json', 'print each snapshot and change as a line of JSON')
    .addHelpText(
      'after',
      `${examples(
        ['polyphony watch 0198…', 'a table on a terminal, else a line per change'],
        ['polyphony watch --json 0198… | jq .run.status', ''],
      )}

A gateway that is away is waited for; what happened meanwhile is shown then. Ends with 0 when the run succeeded.`,
    )
    .action(
      run(async (id: string, { url, json = false }: { url: string; json?: boolean }) => {
        const { watch } = await import('./watch.ts');
        return watch({ run: id, url, json, signal: interruption() });
      }),
    );
}

interface ReplayFlags {
  readonly speed: Speed;
  readonly url: string;
  readonly parallel: number;
  readonly resume?: string;
}

function printCommands(program: Command, run: Run, environment: Environment): void {
  program
    .command('print-schema')
    .description('print the graph in the schema language')
    .addHelpText('after', examples(['polyphony print-schema > schema.graphql', '']))
    .action(run(async () => (await import('./print.ts')).printGraph()));

  program
    .command('print-config')
    .description('print the settings in force, passwords left out')
    .addHelpText('after', examples(['DATABASE_POOL_MAX=20 polyphony print-config', '']))
    .action(run(async () => (await import('./print.ts')).printConfig(environment)));
}

function examples(...lines: readonly (readonly [command: string, does: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  const rows = lines.map(([command, does]) => `  ${command.padEnd(width)}  ${does}`.trimEnd());
  return `\nExamples:\n${rows.join('\n')}`;
}

/** Aborts at the first Ctrl-C; a second one ends the process at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  const stop = () => controller.abort(new Interrupted());
  process.once('SIGINT', stop).once('SIGTERM', stop);
  return controller.signal;
}

function speedOf(text: string): Speed {
  if (text === 'max') return 'max';
  const speed = Number(text);
  if (text.trim() !== '' && speed > 0 && Number.isFinite(speed)) return speed;
  throw new InvalidArgumentError('It must be a number above 0, or max.');
}

function wholeOf(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** An address without a path, as `serve` prints it, means its GraphQL endpoint. */
function endpointOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url && /^https?:$/.test(url.protocol)) {
    return url.pathname === '/' ? new URL('/graphql', url).href : text;
  }
  throw new InvalidArgumentError('It must be a URL that begins with http:// or https://.');
}

function uuidOf(text: string): string {
  const id = canonicalId(text);
  if (id !== null) return id;
  throw new InvalidArgumentError('It must be the id of a run, a UUID.');
}
