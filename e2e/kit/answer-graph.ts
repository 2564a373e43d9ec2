/** The small graph that the cases of answer-cases.ts and answer-limits.ts ask. */
import { NotFound } from '../../resolvers/errors.ts';
import type { Resolvers } from './small-gateway.ts';
import type { StopSignal } from '../../resolvers/stop.ts';

/** As text. */
export const SMALL_GRAPH = `
  type Query {
    hello(name: String = "world"): String
    must: String!
    broken: String
    refused: String
    late: String
    me: Item
    items(first: Int): [Item]
  }
  interface Named { name: String }
  type Item implements Named { id: ID! name: String must: String! items: [Item!] named: Named }
  type Mutation { add(by: Int!): Int! fail: Int }
  type Subscription { ticks: Int }`;

/** Hears what the resolvers do. */
export interface Heard {
  /** Each step of a mutation, in order. */
  readonly added: (by: number) => void;
  /** A field that never has a value was asked for; the signal of its operation. */
  readonly late?: (signal: StopSignal) => void;
}

/** Its resolvers. */
export function smallResolvers({ added, late }: Heard): Resolvers {
  const item = (id: string): object => ({
    __typename: 'Item',
    id,
    name: () => Promise.resolve(`item ${id}`),
    must: id === 'bad' ? null : 'there',
    items: () => (id === 'me' ? [item('a'), item('bad')] : []),
    named: () => item('named'),
  });
  return {
    hello: (_root, { name }) => (name === null ? null : `hello ${String(name)}`),
    must: () => null,
    broken: () => Promise.reject(new Error('secret of ours')),
    refused: () => {
      throw new NotFound('Item', 'x');
    },
    late: (_root, _args, { signal }) => {
      late?.(signal);
      return new Promise(() => undefined);
    },
    me: () => item('me'),
    items: () => [item('a'), item('bad'), item('b')],
    add: async (_root, { by }) => {
      await Promise.resolve();
      added(by as number);
      return by as number;
    },
    fail: () => {
      throw new Error('secret of ours');
    },
  };
}

/** Limits of the gateway that is asked: the cases are at them, and one past them. */
export const SMALL_LIMITS = {
  QUERY_TOKENS_MAX: 80,
  QUERY_DEPTH_MAX: 4,
  QUERY_FIELDS_MAX: 12,
  QUERY_ALIASES_MAX: 3,
  QUERY_DIRECTIVES_MAX: 3,
};
