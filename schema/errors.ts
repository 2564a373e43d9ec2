/**
 * Refusals that a user can mend, as members of what a mutation answers: `errors: { types: [Invalid, NotFound] }`.
 * All others, and all of queries, are top-level errors with `extensions.code`.
 */
import {
  Conflict,
  Forbidden,
  Invalid,
  Limited,
  NotFound,
  type Issue,
  type Refusal,
} from '../resolvers/errors.ts';
import { builder } from './builder.ts';

const RefusalRef = builder.interfaceRef<Refusal>('Refusal').implement({
  description: 'Why a mutation did nothing. Every refusal that a result may hold is one of these.',
  fields: (t) => ({
    code: t.exposeString('code', {
      description: 'INVALID, NOT_FOUND, CONFLICT, FORBIDDEN or LIMITED: what to do about it.',
    }),
    message: t.exposeString('message', { description: 'The rule and what was received.' }),
  }),
});

const IssueRef = builder.objectRef<Issue>('Issue').implement({
  description: 'One rule that the input broke.',
  fields: (t) => ({
    path: t.exposeString('path', {
      description: 'The place in the input, as you wrote it: `input.steps[3].key`.',
    }),
    message: t.exposeString('message'),
  }),
});

builder.objectType(Invalid, {
  name: 'Invalid',
  description: 'The input breaks a rule. Every problem found is told.',
  interfaces: [RefusalRef],
  fields: (t) => ({ issues: t.expose('issues', { type: [IssueRef] }) }),
});

builder.objectType(NotFound, {
  name: 'NotFound',
  description: 'It is not there, or you may not know that it is.',
  interfaces: [RefusalRef],
  fields: (t) => ({ id: t.exposeString('id', { description: 'The id as it was looked for.' }) }),
});

builder.objectType(Conflict, {
  name: 'Conflict',
  description: 'Things moved on since you looked, or a key was used for something else.',
  interfaces: [RefusalRef],
  fields: (t) => ({
    expected: t.exposeString('expected'),
    actual: t.exposeString('actual', {
      description: 'The current state: read again, then decide.',
    }),
  }),
});

builder.objectType(Forbidden, {
  name: 'Forbidden',
  description: 'You see it but may not do this to it.',
  interfaces: [RefusalRef],
});

builder.objectType(Limited, {
  name: 'Limited',
  description: 'A bound was passed.',
  interfaces: [RefusalRef],
  fields: (t) => ({
    limit: t.exposeFloat('limit'),
    seen: t.exposeFloat('seen'),
  }),
});

/** What any mutation may be refused with. */
export const REFUSALS = [Invalid, NotFound, Conflict, Forbidden, Limited];
