/** `polyphony print-schema` and `print-config`. */
import { describeConfig } from '../config-docs.ts';
import { parseConfig, type Environment } from '../config.ts';
import { EXIT } from './exit.ts';

/** The graph in the schema language on stdout. */
export async function printGraph(): Promise<number> {
  const { printedSchema } = await import('../../schema/print.ts');
  process.stdout.write(printedSchema());
  return EXIT.done;
}

/** The settings in force on stdout, as NAME=value lines that a shell can read; those not set are comments. */
export function printConfig(environment: Environment): Promise<number> {
  for (const { name, value } of describeConfig(parseConfig(environment))) {
    process.stdout.write(value === '' ? `# ${name} is not set\n` : `${name}=${quoted(value)}\n`);
  }
  return Promise.resolve(EXIT.done);
}

function quoted(value: string): string {
  return /^[\w.:/@-]*$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
}
