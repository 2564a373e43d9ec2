/** Words that whatever walks the graph shares: what is walked, and where an answer was cut. */
import type { ArgBuilder, InputFieldMap, ObjectRef } from '@pothos/core';
import type { LightestCut } from '../resolvers/graph/lightest-path.ts';
import type { NeighbourConnection } from '../resolvers/graph/neighbours.ts';
import { KINDS_MAX, type Cut, type Direction } from '../resolvers/graph/port.ts';
import { builder, type Types } from './builder.ts';

export const GraphDirectionRef = builder.enumType('GraphDirection', {
  description: 'Which way relations are walked.',
  values: {
    OUT: { description: 'As they lead.' },
    IN: { description: 'Against it.' },
    BOTH: {},
  } as const satisfies Record<Direction, object>,
});

/** Of a walk, of a search over many reads, of neighbours that a filter was asked about. */
export type AnyCut = Cut | LightestCut | NonNullable<NeighbourConnection['cut']>;

const GraphBoundRef = builder.enumType('GraphBound', {
  values: {
    DEPTH: { description: 'Something lies beyond it.' },
    NODES: { description: 'The nearest are there, of the farthest those of least id.' },
    RELATIONS: { description: 'Those of least id are there.' },
    PATHS: { description: 'The shortest are there.' },
    NEIGHBOURS: { description: 'So many were looked at: the next page goes on behind them.' },
    READS: { description: 'So many statements were sent to the store.' },
  } as const satisfies Record<AnyCut['by'], object>,
});

export const GraphCutRef: ObjectRef<Types, AnyCut> = builder
  .objectRef<AnyCut>('GraphCut')
  .implement({
    description: 'Why an answer of the graph is not all there is.',
    fields: (t) => ({
      by: t.expose('by', { type: GraphBoundRef, description: 'The bound that was reached.' }),
      at: t.exposeInt('at', { description: 'The value of the bound.' }),
    }),
  });

const KINDS = `at most ${KINDS_MAX}; all when left out, none when empty. One that nothing has matches nothing`;
const RELATION_KINDS = `Of the relations that are walked: ${KINDS}.`;
const ENTITY_KINDS = `Of the entities that are walked to, wherever a walk begins: ${KINDS}.`;

/** `direction relationKinds kinds`. */
export function walkArgs(t: ArgBuilder<Types>) {
  return {
    direction: t({ type: GraphDirectionRef, required: true, defaultValue: 'BOTH' }),
    relationKinds: t.stringList({ description: RELATION_KINDS }),
    kinds: t.stringList({ description: ENTITY_KINDS }),
  } satisfies InputFieldMap;
}

/** A condition of the graph on a list of entities. */
export const EntitiesWithinInput = builder.inputType('EntitiesWithinInput', {
  description: 'What a walk from these roots meets, they themselves among it.',
  fields: (t) => ({
    roots: t.idList({ required: true, description: 'What is not there is left out.' }),
    direction: t.field({ type: GraphDirectionRef, required: true, defaultValue: 'BOTH' }),
    relationKinds: t.stringList({ description: RELATION_KINDS }),
    kinds: t.stringList({ description: ENTITY_KINDS }),
    depth: t.int({ required: true, defaultValue: 1, description: 'Relations away at most.' }),
  }),
});
