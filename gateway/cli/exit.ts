/** How a command ends: for scripts by its exit code, for people in words. */
import { Invalid, Refusal } from '../../resolvers/errors.ts';
import { ConfigError } from '../config.ts';
import { StartError } from '../transports/listen.ts';

/** One code per reaction. `--help` prints this table. */
export const EXIT = {
  done: 0,
  /** Our bug; doctor found a problem, verify a difference; the watched run did not succeed. */
  failed: 1,
  /** The call, a file or a setting is wrong: mend it. What one message refuses was not stored. */
  invalid: 2,
  /** A gateway, a store, a port or the data folder cannot be had now: try again later. */
  unavailable: 3,
  /** Ctrl-C: 128 + SIGINT. */
  interrupted: 130,
} as const;

export const EXIT_HELP = `Exit codes:
  0    done
  1    failed; doctor found a problem, verify a difference; or the watched run did not succeed
  2    wrong usage, setting or input: mend it
  3    a gateway, a store, the port or the data folder cannot be had: try again
  130  interrupted`;

/** Ctrl-C, as an error. */
export class Interrupted extends Error {
  override name = 'Interrupted';
  constructor(message = 'interrupted') {
    super(message);
  }
}

/** The code that tells a script what to do about this. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (error instanceof StartError) return EXIT.unavailable;
  if (error instanceof Refusal) {
    return error.code === 'UNAVAILABLE' ? EXIT.unavailable : EXIT.invalid;
  }
  if (error instanceof ConfigError) return EXIT.invalid;
  return EXIT.failed;
}

/** What to print for a person: each problem of an input on a line of its own, and no stack but for our bugs. */
export function explain(error: unknown): string {
  if (error instanceof Invalid) {
    return error.issues.map(({ path, message }) => `  ${path}: ${message}`).join('\n');
  }
  if (exitCodeOf(error) === EXIT.failed && error instanceof Error)
    return error.stack ?? String(error);
  return error instanceof Error ? error.message : String(error);
}
