/** Words that whatever walks the graph shares. */
import type { ObjectRef } from '@pothos/core';
import type { Cut, Direction } from '../resolvers/graph/port.ts';
import { builder, type Types } from './builder.ts';

export const GraphDirectionRef = builder.enumType('GraphDirection', {
  description: 'Which way relations are walked.',
  values: {
    OUT: { description: 'As they lead.' },
    IN: { description: 'Against it.' },
    BOTH: {},
  } as const satisfies Record<Direction, object>,
});

const GraphBoundRef = builder.enumType('GraphBound', {
  values: {
    DEPTH: { description: 'Something lies beyond it.' },
    NODES: { description: 'The nearest are there, of the farthest those of least id.' },
    RELATIONS: { description: 'Those of least id are there.' },
    PATHS: { description: 'The shortest are there.' },
  } as const satisfies Record<Cut['by'], object>,
});

export const GraphCutRef: ObjectRef<Types, Cut> = builder.objectRef<Cut>('GraphCut').implement({
  description: 'Why an answer of the graph is not all there is.',
  fields: (t) => ({
    by: t.expose('by', { type: GraphBoundRef, description: 'The bound that was reached.' }),
    at: t.exposeInt('at', { description: 'The value of the bound.' }),
  }),
});
