/** Every setting of the gateway: name, unit, bound, default, reason. docs/CONFIG.md is printed from this table. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { isLoopback } from './limits/origin.ts';

/** One setting, read from the environment variable `name`. Its unit is the end of its name: _MS, _BYTES, _DAYS. */
export interface Setting<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly schema: Schema;
  readonly reason: string;
}

function setting<Schema extends z.ZodType>(
  name: string,
  schema: Schema,
  reason: string,
): Setting<Schema> {
  return { name, schema, reason };
}

/** A whole number in plain digits. */
function whole(min: number, max: number) {
  const rule = `must be a whole number from ${min} to ${max}`;
  const number = z.number().min(min, rule).max(max, rule);
  return z.coerce.string().regex(/^\d+$/, rule).transform(Number).pipe(number);
}

function url(...protocols: string[]) {
  const ok = (text: string) => protocols.includes(URL.canParse(text) ? new URL(text).protocol : '');
  return z.string().refine(ok, `must be a URL that begins with ${protocols[0]}//`);
}

const LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;

/** The table. Keys are the names in lower case. */
export const SETTINGS = {
  port: setting(
    'PORT',
    whole(0, 65_535).default(4_000),
    'Listen on this TCP port; 0 takes any free one.',
  ),
  host: setting(
    'HOST',
    z
      .string()
      .refine(
        isLoopback,
        'must be a loopback address (127.0.0.1, ::1 or localhost): whoever reaches the gateway may do everything until it knows identities',
      )
      .default('127.0.0.1'),
    'Listen on this address. Loopback only until identities exist.',
  ),
  data_dir: setting(
    'DATA_DIR',
    z
      .string()
      .default('.polyphony')
      .transform((path) => resolve(path)),
    'Folder of the embedded store; relative to where the process starts. One process at a time.',
  ),
  database_url: setting(
    'DATABASE_URL',
    url('postgresql:', 'postgres:').optional(),
    'A Postgres server (15 or newer) in place of the embedded store.',
  ),
  database_pool_max: setting(
    'DATABASE_POOL_MAX',
    whole(1, 1_000).default(50),
    'Connections to the server at most. All gateways together must stay below its max_connections.',
  ),
  database_pool_min: setting(
    'DATABASE_POOL_MIN',
    whole(0, 1_000).default(10),
    'Idle connections that are kept, so that a burst does not begin with handshakes.',
  ),
  database_acquire_timeout_ms: setting(
    'DATABASE_ACQUIRE_TIMEOUT_MS',
    whole(10, 60_000).default(3_000),
    'A statement waits this long for a free connection, or for a new one, then answers UNAVAILABLE.',
  ),
  database_statement_timeout_ms: setting(
    'DATABASE_STATEMENT_TIMEOUT_MS',
    whole(50, 600_000).default(10_000),
    'A statement that runs longer is cancelled and answers UNAVAILABLE.',
  ),
  database_lock_timeout_ms: setting(
    'DATABASE_LOCK_TIMEOUT_MS',
    whole(10, 600_000).default(5_000),
    'A statement that waits longer for a lock is cancelled. Keep it below the statement time-out.',
  ),
  database_idle_transaction_timeout_ms: setting(
    'DATABASE_IDLE_TRANSACTION_TIMEOUT_MS',
    whole(1_000, 600_000).default(30_000),
    'The server ends a transaction of ours that does nothing for this long: it would hold back the change feed.',
  ),
  slow_statement_ms: setting(
    'SLOW_STATEMENT_MS',
    whole(1, 600_000).default(500),
    'Log statements that take longer, by name, without their values.',
  ),
  http_body_bytes_max: setting(
    'HTTP_BODY_BYTES_MAX',
    whole(1_024, 268_435_456).default(8_388_608),
    'Refuse larger request bodies (413). The default holds the largest recorded workflow we know, as a JSON string.',
  ),
  http_bodies_bytes_max: setting(
    'HTTP_BODIES_BYTES_MAX',
    whole(1_024, 4_294_967_296).default(134_217_728),
    'Refuse bodies (503) while those being worked on take this much memory together.',
  ),
  http_connections_max: setting(
    'HTTP_CONNECTIONS_MAX',
    whole(1, 100_000).default(4_096),
    'Further connections are closed as they come.',
  ),
  http_receive_timeout_ms: setting(
    'HTTP_RECEIVE_TIMEOUT_MS',
    whole(100, 600_000).default(30_000),
    'A request must have arrived whole within this time (408).',
  ),
  query_tokens_max: setting(
    'QUERY_TOKENS_MAX',
    whole(10, 100_000).default(5_000),
    'Refuse documents with more tokens (LIMITED) before they are read. GraphiQL sends about 400, a large page 1,500.',
  ),
  query_documents_max: setting(
    'QUERY_DOCUMENTS_MAX',
    whole(0, 100_000).default(1_000),
    'Documents remembered with their checks, least recently used first out. Their texts stay below 1,000,000 characters together.',
  ),
  request_deadline_ms: setting(
    'REQUEST_DEADLINE_MS',
    whole(50, 600_000).default(15_000),
    'An operation is answered UNAVAILABLE after this time. Longer than a statement may take, so that one slow field does not cost the page.',
  ),
  drain_ms: setting(
    'DRAIN_MS',
    whole(0, 600_000).default(10_000),
    'On SIGTERM and SIGINT, wait this long for running requests before their connections are cut.',
  ),
  health_deadline_ms: setting(
    'HEALTH_DEADLINE_MS',
    whole(10, 60_000).default(1_000),
    'A store that does not answer /health/ready within this time counts as away.',
  ),
  log_level: setting(
    'LOG_LEVEL',
    z.enum(LEVELS, `must be one of ${LEVELS.join(', ')}`).default('info'),
    'Write log lines of this level and above.',
  ),
} as const satisfies Record<string, Setting>;

/** The settings, checked. */
export type Config = {
  readonly [Key in keyof typeof SETTINGS]: z.output<(typeof SETTINGS)[Key]['schema']>;
};

/** The environment, or any object like it: tests and the command line make their own. */
export type Environment = Readonly<Record<string, string | number | undefined>>;

/** All that is wrong with the settings, one line each. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The settings are not right:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** Reads every setting once. An empty variable counts as not set. Throws ConfigError with all problems at once. */
export function parseConfig(environment: Environment): Config {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, { name, schema }] of Object.entries<Setting>(SETTINGS)) {
    const given = environment[name] === '' ? undefined : environment[name];
    const checked = schema.safeParse(given);
    if (checked.success) values[key] = checked.data;
    else problems.push(`${name} ${checked.error.issues[0]?.message}${received(key, given)}`);
  }
  if (!environment['DATABASE_POOL_MIN'] && problems.length === 0) {
    // A smaller pool alone is no contradiction.
    values['database_pool_min'] = Math.min(
      ...([values['database_pool_min'], values['database_pool_max']] as number[]),
    );
  }
  if (problems.length === 0) problems.push(...togetherWrong(values as Config));
  if (problems.length > 0) throw new ConfigError(problems);
  return values as Config;
}

function togetherWrong(config: Config): string[] {
  const rules: [boolean, string][] = [
    [
      config.database_pool_min <= config.database_pool_max,
      `DATABASE_POOL_MIN (${config.database_pool_min}) must not be above DATABASE_POOL_MAX (${config.database_pool_max})`,
    ],
    [
      config.http_body_bytes_max <= config.http_bodies_bytes_max,
      `HTTP_BODY_BYTES_MAX (${config.http_body_bytes_max}) must not be above HTTP_BODIES_BYTES_MAX (${config.http_bodies_bytes_max})`,
    ],
  ];
  return rules.filter(([holds]) => !holds).map(([, problem]) => problem);
}

/** What was given, but never of a setting that may hold a password. */
function received(key: string, given: string | number | undefined): string {
  return key.endsWith('_url') ? '' : `, got ${JSON.stringify(String(given).slice(0, 100))}`;
}
