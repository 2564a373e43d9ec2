/** Entities and relations by key, each one statement for a level. */
import { loaderById, loaderByKey } from '../loaders.ts';
import { isKey, isKind } from './check.ts';
import { ENTITY, ENTITY_RELATION } from './entities.ts';
import type { EntityRow } from './rows.ts';

export const entitiesById = loaderById(ENTITY);
export const entityRelationsById = loaderById(ENTITY_RELATION);

/** What `entitiesByKey` finds an entity by. */
export function entityKey({ kind, key }: { readonly kind: string; readonly key: string }): string {
  return JSON.stringify([kind, key]);
}

/** Entities by entityKey, within the viewer's workspace; null where there is none. */
export const entitiesByKey = loaderByKey<EntityRow>({
  entity: ENTITY,
  name: 'entities.byKeys',
  keys: ['kind', 'key'],
  keyOf: entityKey,
  mayBe: (key) => isKind(kindIn(key)) && isKey(keyIn(key)),
  rows: `FROM unnest($1::text[], $2::text[]) AS wanted(kind, key)
    JOIN graph_node x ON x.kind = wanted.kind AND x.key = wanted.key WHERE ${ENTITY.within('x', '$3::uuid')}`,
  valuesOf: (keys) => [keys.map(kindIn), keys.map(keyIn)],
});

function kindIn(entityKeyText: string): string {
  return (JSON.parse(entityKeyText) as [string, string])[0];
}

function keyIn(entityKeyText: string): string {
  return (JSON.parse(entityKeyText) as [string, string])[1];
}
