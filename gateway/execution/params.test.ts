import { describe, expect, test } from 'vitest';
import { Limited } from '../../resolvers/errors.ts';
import { paramsOfBody, paramsOfUrl, VARIABLES_DEPTH_MAX } from './params.ts';

const QUERY = '"query":"{ ok }"';
const lists = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe.each(['variables', 'extensions'])('%s', (name) => {
  const read = (depth: number) => {
    const nested = `{"x":${lists(depth - 1)}}`;
    paramsOfUrl(new URLSearchParams({ query: '{ ok }', [name]: nested }));
    return paramsOfBody(Buffer.from(`{${QUERY},"${name}":${nested}}`));
  };

  test('may be nested to the limit', () => {
    expect(read(VARIABLES_DEPTH_MAX)).toHaveProperty(name);
  });

  test.each([VARIABLES_DEPTH_MAX + 1, 1_000_000])(
    'nested %i deep are LIMITED, which tells limit and depth, and overflow no stack',
    (depth) => {
      expect(() => read(depth)).toThrow(
        new Limited(`the depth of "${name}"`, VARIABLES_DEPTH_MAX, depth),
      );
    },
  );
});
