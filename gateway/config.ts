/** The settings in force: read once from the environment, every problem told at once. */
import type { z } from 'zod';
import { SETTINGS } from './settings.ts';
import type { Setting } from './settings/setting.ts';

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
      config.append_call_bytes_max <= config.flush_bytes_max,
      `APPEND_CALL_BYTES_MAX (${config.append_call_bytes_max}) must not be above FLUSH_BYTES_MAX (${config.flush_bytes_max})`,
    ],
    [
      config.append_call_events_max <= config.flush_events_max,
      `APPEND_CALL_EVENTS_MAX (${config.append_call_events_max}) must not be above FLUSH_EVENTS_MAX (${config.flush_events_max})`,
    ],
    [
      config.http_body_bytes_max <= config.http_bodies_bytes_max,
      `HTTP_BODY_BYTES_MAX (${config.http_body_bytes_max}) must not be above HTTP_BODIES_BYTES_MAX (${config.http_bodies_bytes_max})`,
    ],
    [
      config.neo4j_url === undefined || config.neo4j_timeout_ms < config.request_deadline_ms,
      `NEO4J_TIMEOUT_MS (${config.neo4j_timeout_ms}) must be below REQUEST_DEADLINE_MS (${config.request_deadline_ms}), or SQL has no time left`,
    ],
    [
      (config.embedder_url === undefined) === (config.embedder_model === undefined),
      'EMBEDDER_URL and EMBEDDER_MODEL go together: set both or none',
    ],
  ];
  return rules.filter(([holds]) => !holds).map(([, problem]) => problem);
}

/** What was given, but never of a setting that may hold a password. */
function received(key: string, given: string | number | undefined): string {
  return /_(url|key)$/.test(key) ? '' : `, got ${JSON.stringify(String(given).slice(0, 100))}`;
}
