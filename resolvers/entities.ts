/** Every entity by the name of its type: filters reach from one to another through here. */
import { AGENT, AGENT_ASSIGNMENT, AGENT_CONFIGURATION } from './agents/entities.ts';
import { ARTIFACT, CHECK } from './artifacts/entities.ts';
import type { AnyEntity } from './entity.ts';
import { ENTITY, ENTITY_RELATION } from './graph/entities.ts';
import { DOCUMENT } from './knowledge/entities.ts';
import { ATTEMPT, RUN, RUN_EVENT, STEP_RUN, WORKFLOW, WORKFLOW_VERSION } from './runs/entities.ts';

const ENTITIES: ReadonlyMap<string, AnyEntity> = new Map(
  (
    [
      WORKFLOW,
      WORKFLOW_VERSION,
      RUN,
      STEP_RUN,
      ATTEMPT,
      RUN_EVENT,
      ARTIFACT,
      CHECK,
      AGENT,
      AGENT_CONFIGURATION,
      AGENT_ASSIGNMENT,
      ENTITY,
      ENTITY_RELATION,
      DOCUMENT,
    ] as AnyEntity[]
  ).map((entity) => [entity.name, entity]),
);

/** The entity of that name; our own mistake when there is none. */
export function entityNamed(name: string): AnyEntity {
  const entity = ENTITIES.get(name);
  if (!entity) throw new Error(`no entity is called ${name}`);
  return entity;
}
