/** Agents and their configurations by key, each one statement for a level. */
import { canonicalId } from '../keys.ts';
import { loaderById, loaderByKey } from '../loaders.ts';
import { AGENT, AGENT_CONFIGURATION } from './entities.ts';
import type { AgentConfigurationRow } from './rows.ts';

export const agentsById = loaderById(AGENT);

/** The key of a configuration within its type: `<agent's uuid>:<number>`. */
export function configurationKey(of: {
  readonly agentId: string;
  readonly number: number;
}): string {
  return `${of.agentId}:${of.number}`;
}

/** A number of Postgres' type `int`, written as we write it. */
const NUMBER = /^[1-9]\d{0,8}$/;

/** Configurations by configurationKey, within the viewer's workspace; null where there is none. */
export const configurationsByKey = loaderByKey<AgentConfigurationRow>({
  entity: AGENT_CONFIGURATION,
  name: 'agentConfigurations.byKeys',
  keys: ['agentId', 'number'],
  keyOf: configurationKey,
  mayBe: (key) => canonicalId(agentIdOf(key)) === agentIdOf(key) && NUMBER.test(numberOf(key)),
  rows: `FROM unnest($1::uuid[], $2::int[]) AS wanted(agent_id, number)
    JOIN agent_configuration x ON x.agent_id = wanted.agent_id AND x.number = wanted.number
    WHERE ${AGENT_CONFIGURATION.within('x', '$3::uuid')}`,
  valuesOf: (keys) => [keys.map(agentIdOf), keys.map(numberOf)],
});

/** Of a configurationKey. */
function agentIdOf(key: string): string {
  return key.slice(0, 36);
}

function numberOf(key: string): string {
  return key.slice(37);
}
