/** Operations at each limit of a gateway and one past it: the same whichever way they come in. */
import type { AnswerCase } from './answer-cases.ts';

function limited(message: string, limit: number) {
  const seen = limit + 1;
  const extensions = { code: 'LIMITED', limit, seen };
  return { status: 400, errors: [{ message: `${message} ${limit}, got ${seen}`, extensions }] };
}

const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');

/** Of a gateway with SMALL_LIMITS. */
export const LIMIT_CASES: readonly AnswerCase[] = [
  {
    name: 'tokens at their limit',
    query: `query Q($a: String) { ${times(10, () => 'hello(name: $a)')} }`,
    data: '{"hello":"hello world"}',
  },
  {
    name: 'one token more',
    query: `query Q($a: String) { ${times(10, () => 'hello(name: $a)')} __typename }`,
    ...limited('tokens of the document may be at most', 80),
  },
  {
    name: 'depth at its limit',
    query: '{ me { items { items { id } } } }',
    data: '{"me":{"items":[{"items":[]},{"items":[]}]}}',
  },
  {
    name: 'one level more',
    query: '{ me { items { items { items { id } } } } }',
    ...limited('fields inside fields may be at most', 4),
  },
  {
    name: 'fields at their limit',
    query: '{ ...F ...F ...F ...F } fragment F on Query { me { id name } }',
    data: '{"me":{"id":"me","name":"item me"}}',
  },
  {
    name: 'one field more',
    query: '{ hello ...F ...F ...F ...F } fragment F on Query { me { id name } }',
    ...limited('fields of the operation may be at most', 12),
  },
  {
    name: 'aliases at their limit',
    query: `{ ${times(3, (index) => `a${index}: hello`)} }`,
    data: '{"a0":"hello world","a1":"hello world","a2":"hello world"}',
  },
  {
    name: 'one alias more',
    query: `{ ${times(4, (index) => `a${index}: hello`)} }`,
    ...limited('aliases of the operation may be at most', 3),
  },
  {
    name: 'directives at their limit',
    query: '{ hello @skip(if: false) ... @include(if: true) { me { id @skip(if: true) } } }',
    data: '{"hello":"hello world","me":{}}',
  },
  {
    name: 'one directive more',
    query: `{ ${times(4, () => 'hello @skip(if: false)')} }`,
    ...limited('directives of the operation may be at most', 3),
  },
];
