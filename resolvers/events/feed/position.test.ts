import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Invalid } from '../../errors.ts';
import {
  advance,
  covers,
  formatPosition,
  parsePosition,
  parseSnapshot,
  positionAt,
  type Place,
  type Position,
} from './position.ts';

const EXAMPLE: Position = { epoch: 7, from: '731:740:731,739', xid: '739', at: '12' };
const EXAMPLE_TEXT = 'ZmVlZC83LzczMTo3NDA6NzMxLDczOS83MzkvMTIvZjk4NmQ2MGU';

describe('the text of a position', () => {
  test('is the worked example of position.ts, and comes back as it went', () => {
    expect(formatPosition(EXAMPLE)).toBe(EXAMPLE_TEXT);
    expect(parsePosition(EXAMPLE_TEXT)).toEqual(EXAMPLE);
  });

  test('is refused by name of the field when any character of it was changed, lost or added', () => {
    fc.assert(
      fc.property(fc.nat(EXAMPLE_TEXT.length - 1), fc.string({ maxLength: 2 }), (at, other) => {
        const text = EXAMPLE_TEXT.slice(0, at) + other + EXAMPLE_TEXT.slice(at + 1);
        fc.pre(text !== EXAMPLE_TEXT);
        expect(() => parsePosition(text, 'after')).toThrow(/^after: not a position/);
      }),
    );
  });

  test('is refused when it is another program’s, or names a snapshot that Postgres cannot have given', () => {
    const foreign = [
      '',
      'null',
      'é\u0000',
      Buffer.from('run/7/12').toString('base64url'),
      'A'.repeat(40_000),
    ];
    const impossible = [
      { from: '0:0:' }, // Ids begin at 1.
      { from: '731:740:739' }, // xmin is the least open id, or xmax.
      { from: '731:740:731,731,739' },
      { from: '731:740:739,731' },
      { from: '731:740:731,740' },
      { from: '731:740:731,,739' },
      { from: '0731:740:0731,739' },
      { from: `731:${2n ** 63n}:731,739` },
      { xid: '735' }, // Not open, so it was given whole.
      { xid: '0739' },
      { xid: '0', at: '12' },
      { at: String(2n ** 63n) },
    ].map((part) => formatPosition({ ...EXAMPLE, ...part }));
    for (const text of [...foreign, ...impossible]) {
      expect(() => parsePosition(text), text).toThrow(Invalid);
    }
  });

  test('of 1,500 open transactions is taken, one of over 32,768 characters refused', () => {
    const held = (count: number) => {
      const open = Array.from({ length: count }, (_, i) => 9_000_000_000_000n + BigInt(i));
      return formatPosition(positionAt(7, { xmax: 9_000_000_009_999n, open }, '9000000009998'));
    };
    expect(parsePosition(held(1_500)).from).toContain('9000000001499');
    expect(held(1_750).length).toBeLessThanOrEqual(32_768);
    expect(held(1_760).length).toBeGreaterThan(32_768);
    expect(parsePosition(held(1_750)).epoch).toBe(7);
    expect(() => parsePosition(held(1_760))).toThrow(Invalid);
  });
});

test('a first position is trimmed to the newest change: no id above it counts as seen', () => {
  const now = parseSnapshot('90:120:90,101,110');
  expect(positionAt(1, now, '104').from).toBe('90:105:90,101');
  expect(positionAt(1, now, null).from).toBe('1:1:');
});

test('each change comes exactly once, whatever commits, rolls back, crashes and pages do', () => {
  fc.assert(
    fc.property(fc.array(STEP, { minLength: 20, maxLength: 100, size: 'max' }), (steps) => {
      const server = modelServer();
      const readers = [modelReader(server), modelReader(server)];
      for (const step of steps) {
        if (step.do === 'join') readers.push(modelReader(server));
        else if (step.do === 'read') readers[step.who % readers.length]?.read(step);
        else server[step.do](step.who);
      }
      server.end();
      for (const reader of readers) {
        while (reader.read({ limit: 3 })) continue;
        expect(reader.seen.toSorted(byNumber)).toEqual(reader.due());
      }
    }),
    { numRuns: 2_000 },
  );
});

describe('a position covers a token', () => {
  const at = (from: string, xid = '0', number = '0', epoch = 7): Position => ({
    epoch,
    from,
    xid,
    at: number,
  });

  test.each([
    ['of the same moment', at('731:740:731'), at('731:740:731'), true],
    ['of an earlier one', at('760:760:'), at('731:740:731'), true],
    ['when it has what was open there', at('740:740:'), at('731:740:731'), true],
    ['not of another epoch', at('740:740:', '0', '0', 8), at('740:740:'), false],
    ['not when it waits for what the token has', at('731:760:731'), at('740:740:'), false],
    ['not when it ends before', at('739:739:'), at('740:740:'), false],
    ['though it ends before, when nothing lies between', at('739:739:'), at('739:740:739'), true],
    ['not when of two between one was given', at('738:738:'), at('739:740:739'), false],
    ['with a part, when it has the whole', at('740:740:'), at('739:740:739', '739', '12'), true],
    ['with a part as long', at('739:740:739', '739', '12'), at('739:740:739', '739', '12'), true],
    ['not with a longer', at('739:740:739', '739', '11'), at('739:740:739', '739', '12'), false],
    [
      'not with another',
      at('731:740:731,739', '731', '99'),
      at('731:740:731,739', '739', '1'),
      false,
    ],
    ['not by a part, even of all there is', at('739:740:739', '739', '12'), at('740:740:'), false],
  ])('%s', (_what, position, token, covered) => {
    expect(covers(position, token)).toBe(covered);
  });

  test('only if it was given all that the token was, and once it has read to the end, in any case', () => {
    const seen = { partial: 0, covered: 0 };
    fc.assert(
      fc.property(fc.array(STEP, { minLength: 20, maxLength: 100, size: 'max' }), (steps) => {
        const server = modelServer();
        const readers = [modelReader(server), modelReader(server)];
        const tokens: { position: Position; given: Set<number> }[] = [];
        const isCovered = ({ position }: ReturnType<typeof modelReader>, token: Position) =>
          covers(position(), token);
        for (const step of steps) {
          if (step.do === 'join') readers.push(modelReader(server));
          else if (step.do === 'read') readers[step.who % readers.length]?.read(step);
          else server[step.do](step.who);
          const reader = readers[step.who % readers.length]!;
          const now = modelReader(server);
          for (const { position, given } of [now, reader]) {
            tokens.push({ position: position(), given: given() });
            if (position().xid !== '0') seen.partial += 1;
          }
          const has = reader.given();
          for (const { position, given } of tokens.slice(-RECENT)) {
            if (!isCovered(now, position)) throw new Error('whoever begins now has all of it');
            if (!isCovered(reader, position)) continue;
            seen.covered += 1;
            for (const number of given) if (!has.has(number)) throw new Error(`without ${number}`);
          }
        }
        server.end();
        for (const reader of readers) {
          while (reader.read({ limit: 3 })) continue;
          expect(tokens.every(({ position }) => isCovered(reader, position))).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
    expect(seen.partial).toBeGreaterThan(100);
    expect(seen.covered).toBeGreaterThan(1_000);
  });
});

/** Tokens that are compared after each step. */
const RECENT = 30;

const STEP = fc.oneof(
  fc.record({
    do: fc.constantFrom(
      ...(['write', 'write', 'write', 'commit', 'rollback', 'crash', 'join'] as const),
    ),
    who: fc.nat(5),
  }),
  fc.record({
    do: fc.constant('read' as const),
    who: fc.nat(3),
    limit: fc.integer({ min: 1, max: 4 }),
    stopAt: fc.option(fc.nat(3), { nil: undefined }),
  }),
);

/** Transaction ids as Postgres gives them: a crash forgets those above the newest that committed. */
function modelServer() {
  let nextXid = 1;
  let nextAt = 1;
  const open = new Map<number, { xid: number; at: number[] }>();
  const committed: { xid: number; at: number }[] = [];
  const close = (who: number) => {
    const transaction = open.get(who);
    open.delete(who);
    return transaction;
  };
  const server = {
    committed,
    write(who: number) {
      const transaction = open.get(who) ?? { xid: nextXid++, at: [] };
      open.set(who, transaction);
      transaction.at.push(nextAt++, nextAt++);
    },
    commit(who: number) {
      const { xid = 0, at = [] } = close(who) ?? {};
      committed.push(...at.map((number) => ({ xid, at: number })));
      committed.sort((a, b) => a.at - b.at);
    },
    rollback: (who: number) => void close(who),
    crash() {
      open.clear();
      nextXid = Math.max(0, ...committed.map(({ xid }) => xid)) + 1;
    },
    end() {
      for (const who of open.keys()) server.commit(who);
    },
    /** pg_current_snapshot(): xmax is one above the newest id that is over. */
    snapshot() {
      const ids = [...open.values()].map(({ xid }) => xid).toSorted(byNumber);
      let xmax = nextXid;
      while (ids.at(-1) === xmax - 1) {
        ids.pop();
        xmax -= 1;
      }
      return { xmax: BigInt(xmax), open: ids.map(BigInt) };
    },
  };
  return server;
}

/** Begins now and reads as feed.page does; with `stopAt` it keeps so many of the page and goes on from there. */
function modelReader(server: ReturnType<typeof modelServer>) {
  const before = new Set(server.committed.map(({ at }) => at));
  const newest = server.committed.reduce((xid, change) => Math.max(xid, change.xid), 0);
  let position = positionAt(1, server.snapshot(), newest > 0 ? String(newest) : null);
  const seen: number[] = [];
  return {
    seen,
    position: () => position,
    given: () => new Set([...before, ...seen]),
    due: () => server.committed.map(({ at }) => at).filter((at) => !before.has(at)),
    read({ limit, stopAt }: { limit: number; stopAt?: number | undefined }): boolean {
      const { xmax, open } = parseSnapshot(position.from);
      const part = (xid: number) => String(xid) === position.xid;
      const found = server.committed
        .filter(({ xid }) => xid >= xmax || open.includes(BigInt(xid)))
        .filter(({ xid, at }) => !part(xid) || at > Number(position.at))
        .toSorted(
          (a, b) => Number(part(b.xid)) - Number(part(a.xid)) || a.xid - b.xid || a.at - b.at,
        )
        .slice(0, limit);
      const kept = found.slice(0, stopAt);
      if (kept.length === 0 && found.length > 0) return true;
      const more = found.length === limit || kept.length < found.length;
      const last = kept.at(-1);
      const place: Place | null = last ? { xid: String(last.xid), at: String(last.at) } : null;
      const next = advance(position, server.snapshot(), place, more);
      position = parsePosition(formatPosition(next));
      seen.push(...kept.map(({ at }) => at));
      return found.length > 0;
    },
  };
}

function byNumber(a: number, b: number): number {
  return a - b;
}
