/** Operations on a small graph, and what each is answered: the same, whichever way it comes in (ways.ts). */
import type { AskedParams, GivenError } from './ways.ts';

/** An operation and its answer. `data` is JSON, so that the order of its members counts; absent: there is none. */
export interface AnswerCase extends AskedParams {
  readonly name: string;
  readonly data?: string;
  readonly errors?: readonly GivenError[];
  /** With `application/graphql-response+json`; 200 unless told. */
  readonly status?: number;
  /** The document or its variables are at fault: then plain JSON is answered with 200. */
  readonly ofDocument?: boolean;
  /** What it did, where it changes something. */
  readonly added?: readonly number[];
}

/** Where an error is told to be. */
const at = (line: number, column: number) => [{ line, column }];

/** What our own bugs are told as; ids are made the same before they are compared. */
const MASKED = {
  message: 'Internal error. Quote ID when you report it.',
  extensions: { code: 'INTERNAL', id: 'ID' },
};

const INVALID = { extensions: { code: 'INVALID' } };
const DOCUMENT = { status: 400, ofDocument: true };

/** All but what differs by transport, which e2e/answers.test.ts has. */
export const ANSWER_CASES: readonly AnswerCase[] = [
  { name: 'a field', query: '{ hello }', data: '{"hello":"hello world"}' },
  {
    name: 'aliases, fragments, conditions and variables',
    query: `query Q($to: String = "you", $yes: Boolean!) { b: hello(name: $to) a: hello
      me { ...F name @include(if: $yes) id @skip(if: $yes) } }
      fragment F on Named { __typename named: name }`,
    variables: { yes: true, unknown: 1 },
    data: '{"b":"hello you","a":"hello world","me":{"__typename":"Item","named":"item me","name":"item me"}}',
  },
  {
    name: 'a variable that is null, and one that is not given',
    query: 'query ($a: String, $b: String) { a: hello(name: $a) b: hello(name: $b) }',
    variables: { a: null },
    data: '{"a":null,"b":"hello world"}',
  },
  {
    name: 'texts of all kinds: half a pair, a zero, a line separator, an emoji',
    query: 'query ($name: String) { hello(name: $name) }',
    variables: { name: '\ud800 \0 \u2028 🙂 "\\' },
    data: JSON.stringify({ hello: 'hello \ud800 \0 \u2028 🙂 "\\' }),
  },
  {
    name: 'keys that every object has',
    query: '{ __proto__: hello constructor: me { __proto__: id } }',
    data: '{"__proto__":"hello world","constructor":{"__proto__":"me"}}',
  },
  {
    name: 'one of several operations, by its name',
    query: 'query A { a: hello } query B { b: hello }',
    operationName: 'B',
    data: '{"b":"hello world"}',
  },
  {
    name: 'parameters that are null, and extensions that nobody reads',
    query: '{ hello }',
    extensions: { persistedQuery: { version: 1 } },
    data: '{"hello":"hello world"}',
  },
  {
    name: 'nothing that is selected',
    query: 'query ($yes: Boolean!) { hello @skip(if: $yes) me { ... @skip(if: $yes) { id } } }',
    variables: { yes: true },
    data: '{"me":{}}',
  },
  {
    name: 'an internal error in a part of the answer',
    query: '{ hello\n  broken }',
    data: '{"hello":"hello world","broken":null}',
    errors: [{ ...MASKED, locations: at(2, 3), path: ['broken'] }],
  },
  {
    name: 'a refusal in a part of the answer',
    query: '{ x: refused }',
    data: '{"x":null}',
    errors: [
      {
        message: 'Item x was not found',
        locations: at(1, 3),
        path: ['x'],
        extensions: { code: 'NOT_FOUND', id: 'x' },
      },
    ],
  },
  {
    name: 'null where it may not be, which nulls what is around it',
    query: '{ items { id must } me { items { must } } }',
    data: '{"items":[{"id":"a","must":"there"},null,{"id":"b","must":"there"}],"me":{"items":null}}',
    errors: [
      { ...MASKED, locations: at(1, 14), path: ['items', 1, 'must'] },
      { ...MASKED, locations: at(1, 34), path: ['me', 'items', 1, 'must'] },
    ],
  },
  {
    name: 'null where it may not be, which nulls everything',
    query: '{ hello must }',
    data: 'null',
    errors: [{ ...MASKED, locations: at(1, 9), path: ['must'] }],
  },
  {
    name: 'a syntax error',
    query: '{ hello',
    ...DOCUMENT,
    errors: [
      {
        message: 'Syntax Error: Expected Name, found <EOF>.',
        locations: at(1, 8),
        ...INVALID,
      },
    ],
  },
  {
    name: 'an empty document',
    query: ' ',
    ...DOCUMENT,
    errors: [{ message: 'Syntax Error: Unexpected <EOF>.', locations: at(1, 2), ...INVALID }],
  },
  {
    name: 'a document that is not valid, each fault told',
    query: '{ unknown\n  me }',
    ...DOCUMENT,
    errors: [
      {
        message: 'Cannot query field "unknown" on type "Query".',
        locations: at(1, 3),
        ...INVALID,
      },
      {
        message:
          'Field "me" of type "Item" must have a selection of subfields. Did you mean "me { ... }"?',
        locations: at(2, 3),
        ...INVALID,
      },
    ],
  },
  {
    name: 'no operation at all',
    query: 'fragment F on Query { hello }',
    ...DOCUMENT,
    errors: [{ message: 'Fragment "F" is never used.', locations: at(1, 1), ...INVALID }],
  },
  {
    name: 'an operation that is not there',
    query: 'query A { hello }',
    operationName: 'B',
    ...DOCUMENT,
    errors: [{ message: 'Unknown operation named "B".', ...INVALID }],
  },
  {
    name: 'several operations, none of them named',
    query: 'query A { hello } query B { hello }',
    ...DOCUMENT,
    errors: [
      {
        message: 'Must provide operation name if query contains multiple operations.',
        ...INVALID,
      },
    ],
  },
  {
    name: 'variables that do not fit, each told',
    query: 'query ($a: String, $b: Int!) { hello(name: $a) items(first: $b) { id } }',
    variables: { a: 1 },
    ...DOCUMENT,
    errors: [
      {
        message: 'Variable "$a" got invalid value 1; String cannot represent a non string value: 1',
        locations: at(1, 8),
        ...INVALID,
      },
      {
        message: 'Variable "$b" of required type "Int!" was not provided.',
        locations: at(1, 20),
        ...INVALID,
      },
    ],
  },
];

/** They change something, so GET refuses them. */
export const MUTATION_CASES: readonly AnswerCase[] = [
  {
    name: 'a mutation, its fields one after the other',
    query: 'mutation M { b: add(by: 2) a: add(by: 1) }',
    data: '{"b":2,"a":1}',
    added: [2, 1],
  },
  {
    name: 'a mutation that fails at its second field',
    query: 'mutation { add(by: 2) fail a: add(by: 1) }',
    data: '{"add":2,"fail":null,"a":1}',
    errors: [{ ...MASKED, locations: at(1, 23), path: ['fail'] }],
    added: [2, 1],
  },
  {
    name: 'a mutation whose variable does not fit, which does nothing',
    query: 'mutation ($by: Int!) { add(by: $by) }',
    variables: { by: 2 ** 31 },
    ...DOCUMENT,
    errors: [
      {
        message:
          'Variable "$by" got invalid value 2147483648; Int cannot represent non 32-bit signed integer value: 2147483648',
        locations: at(1, 11),
        ...INVALID,
      },
    ],
    added: [],
  },
];
