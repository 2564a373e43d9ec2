/** What walks of the graph have in common: what is walked, and where an answer was cut. */
import type { ArgBuilder, InputFieldMap } from '@pothos/core';
import { KINDS_MAX, type Direction } from '../resolvers/graph/port.ts';
import { builder, type Types } from './builder.ts';

const DirectionRef = builder.enumType('WalkDirection', {
  description: 'Which way relations are walked.',
  values: {
    OUT: { value: 'OUT', description: 'As they lead.' },
    IN: { value: 'IN', description: 'Against it.' },
    BOTH: { value: 'BOTH' },
  } as const satisfies Record<Direction, { value: Direction; description?: string }>,
});

const KINDS = `at most ${KINDS_MAX}; all when left out, none when empty. One that nothing has matches nothing`;

/** `direction relationKinds kinds`. */
export function walkArgs(t: ArgBuilder<Types>) {
  return {
    direction: t({ type: DirectionRef, required: true, defaultValue: 'BOTH' }),
    relationKinds: t.stringList({ description: `Of the relations that are walked: ${KINDS}.` }),
    kinds: t.stringList({
      description: `Of the entities that are walked to, wherever a walk begins: ${KINDS}.`,
    }),
  } satisfies InputFieldMap;
}

const CutBy = builder.enumType('WalkBound', {
  values: {
    DEPTH: { description: 'Relations one after the other.' },
    NODES: { description: 'Entities: the nearest are there.' },
    RELATIONS: {},
    PATHS: { description: 'The shortest are there.' },
    NEIGHBOURS: { description: 'Neighbours that were looked at: the next page goes on.' },
    READS: { description: 'Statements of the store.' },
  } as const,
});

/** Why an answer is not all there is. */
export interface AnyCut {
  readonly by: 'DEPTH' | 'NODES' | 'RELATIONS' | 'PATHS' | 'NEIGHBOURS' | 'READS';
  readonly at: number;
}

export const Cut = builder.objectRef<AnyCut>('WalkCut').implement({
  description: 'Why an answer is not all there is.',
  fields: (t) => ({
    by: t.expose('by', { type: CutBy, description: 'The bound that was reached.' }),
    at: t.exposeInt('at', { description: 'Its value.' }),
  }),
});

export const WithinInput = builder.inputType('EntitiesWithinInput', {
  description: 'What a walk from these roots meets, they themselves among it.',
  fields: (t) => ({
    roots: t.idList({ required: true }),
    direction: t.field({ type: DirectionRef, required: true, defaultValue: 'BOTH' }),
    relationKinds: t.stringList({ description: `Of the relations that are walked: ${KINDS}.` }),
    kinds: t.stringList({ description: `Of the entities that are walked to: ${KINDS}.` }),
    depth: t.int({ required: true, defaultValue: 1, description: 'Relations away at most.' }),
  }),
});
