/** Answers count as the same only where servers may differ. */
import { expect, test } from 'vitest';
import { assertSame, objectsIn } from './normal.ts';

const OURS = {
  data: {
    runs: [
      { at: '2026-05-04T03:02:01.120Z', sizeBytes: '12', tags: ['a', 'b'] },
      { at: null, sizeBytes: null, tags: [] },
    ],
  },
};

function compare(change: (answer: typeof OURS) => void): void {
  const other = structuredClone(OURS);
  change(other);
  assertSame('other', JSON.stringify(other), JSON.stringify(OURS));
}

test('a time may be written with an offset and finer, a bigint as a number', () => {
  compare((answer) => {
    answer.data.runs[0]!.at = '2026-05-04T05:02:01.120000+02:00';
    (answer.data.runs[0] as { sizeBytes: unknown }).sizeBytes = 12;
  });
});

test.each([
  {
    what: 'a value',
    change: (answer: typeof OURS) => (answer.data.runs[0]!.at = '2026-05-04T03:02:01.121Z'),
    place:
      /answer\.data\.runs\.0\.at is "2026-05-04T03:02:01\.121Z", not "2026-05-04T03:02:01\.120Z"/,
  },
  {
    what: 'the order of a list',
    change: (answer: typeof OURS) => (answer.data.runs[0]!.tags = ['b', 'a']),
    place: /answer\.data\.runs\.0\.tags\.0 is "b", not "a"/,
  },
  {
    what: 'a missing object',
    change: (answer: typeof OURS) => answer.data.runs.pop(),
    place: /answer\.data\.runs\.1 is undefined/,
  },
  {
    what: 'an error',
    change: (answer: typeof OURS) => Object.assign(answer, { errors: [] }),
    place: /answer\.errors is \[\], not undefined/,
  },
])('another server is found out by $what', ({ change, place }) => {
  expect(() => compare(change)).toThrow(place);
});

test('objects of an answer are counted, lists and values are not', () => {
  expect(objectsIn(OURS)).toBe(4);
});
