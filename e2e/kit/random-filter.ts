/** Filters by chance, and what they mean said once more without SQL. */
import type { Filter } from '../../resolvers/filter.ts';
import { STATUSES, TAGS, TIMES, WORDS, type Dice, type Thing } from './random-world.ts';

/** What a filter means, said once more without SQL: absent values compare false, `not` turns the answer. */
export function matches(thing: Thing, filter: Filter): boolean {
  return Object.entries(filter).every(([name, value]) => {
    if (value === null || value === undefined) return true;
    if (name === 'and') return (value as Filter[]).every((part) => matches(thing, part));
    if (name === 'or') return (value as Filter[]).some((part) => matches(thing, part));
    if (name === 'not') return !matches(thing, value as Filter);
    const held = thing[name];
    if (name === 'workflow' || name === 'run') return matches(held as Thing, value as Filter);
    const { some, none } = value as { some?: Filter; none?: Filter };
    if (some || none) {
      const things = held as Thing[];
      return (
        (!some || things.some((one) => matches(one, some))) &&
        (!none || !things.some((one) => matches(one, none)))
      );
    }
    return Object.entries(value as Filter).every(([operator, operand]) =>
      compares(held, operator, operand),
    );
  });
}

function compares(held: unknown, operator: string, operand: unknown): boolean {
  if (operator === 'isNull') return (held === null) === operand;
  if (held === null) return false;
  const plain = (value: unknown) => (value instanceof Date ? value.getTime() : value) as never;
  const [is, than] = [plain(held), plain(operand)];
  switch (operator) {
    case 'eq':
      return is === than;
    case 'in':
      return (operand as unknown[]).some((one) => plain(one) === is);
    case 'lt':
      return is < than;
    case 'lte':
      return is <= than;
    case 'gt':
      return is > than;
    case 'gte':
      return is >= than;
    case 'startsWith':
      return (is as string).toLowerCase().startsWith((than as string).toLowerCase());
    case 'contains':
      return typeof held === 'string'
        ? held.toLowerCase().includes((than as string).toLowerCase())
        : holds(held, operand);
    case 'has':
      return (is as string[]).includes(than);
    case 'hasAny':
      return (than as string[]).some((one) => (is as string[]).includes(one));
    case 'hasEvery':
      return (than as string[]).every((one) => (is as string[]).includes(one));
    default:
      throw new Error(operator);
  }
}

function holds(held: unknown, part: unknown): boolean {
  if (typeof part !== 'object' || part === null) return held === part;
  return Object.entries(part).every(
    ([key, value]) =>
      typeof held === 'object' && held !== null && holds((held as Thing)[key], value),
  );
}

type Make = (random: Dice, depth: number) => unknown;

const any = <Item>(random: Dice, items: readonly Item[]) =>
  items[Math.floor(random() * items.length)]!;
const part = <Item>(random: Dice, items: readonly Item[]) => items.filter(() => random() < 0.5);
const operator = (operators: Readonly<Record<string, (random: Dice) => unknown>>): Make => {
  const names = Object.keys(operators);
  return (random) => {
    const name = any(random, names);
    return { [name]: operators[name]!(random) };
  };
};
const isNull = (random: Dice) => random() < 0.5;

const textual = operator({
  eq: (random) => any(random, WORDS),
  in: (random) => part(random, WORDS),
  contains: (random) => any(random, ['a', 'LPH', '%', '_', '\\', '50%', ' ']),
  startsWith: (random) => any(random, ['al', 'ALPHA B', '50%', '%', 'back\\']),
  isNull,
});
const compared = (values: readonly unknown[]) =>
  operator({
    ...Object.fromEntries(
      ['eq', 'lt', 'lte', 'gt', 'gte'].map((name) => [name, (random) => any(random, values)]),
    ),
    in: (random) => part(random, values),
    isNull,
  });
const choice = (values: readonly string[]) =>
  operator({ eq: (random) => any(random, values), in: (random) => part(random, values) });
const tags = operator({
  has: (random) => any(random, [...TAGS, 'none']),
  hasAny: (random) => part(random, TAGS),
  hasEvery: (random) => part(random, TAGS),
});
const metadata = operator({
  contains: (random) =>
    any(random, [
      { size: 1 },
      { nested: { word: any(random, WORDS) } },
      {},
      { size: 2, nested: {} },
    ]),
});

const many = (to: string): Make => {
  return (random, depth) => ({ [any(random, ['some', 'none'])]: filterOf(to, random, depth) });
};
const one =
  (to: string): Make =>
  (random, depth) =>
    filterOf(to, random, depth);

/** What filters of each entity may name. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, Make>>>> = {
  run: {
    status: choice(STATUSES),
    tags,
    metadata,
    error: textual,
    createdAt: compared(TIMES),
    finishedAt: compared(TIMES),
    durationMs: compared([0, 3_600_000, 7_200_000]),
    stepsDone: compared([0, 1, 2]),
    workflow: one('workflow'),
    steps: many('step'),
    artifacts: many('made'),
  },
  workflow: {
    name: textual,
    kind: textual,
    description: textual,
    createdAt: compared(TIMES),
    quality: compared([0.5, 0.7, 0.8]),
    runs: many('run'),
  },
  step: {
    name: textual,
    attempt: compared([0, 1]),
    status: choice(['PENDING', 'RUNNING']),
    run: one('run'),
  },
  made: {
    name: textual,
    kind: textual,
    quality: compared([0.5, 0.8]),
    sizeBytes: compared([0, 1, 4_294_967_296]),
    run: one('run'),
  },
};

/** One to three words: fields, relations, `and or not`. */
export function filterOf(entity: string, random: Dice, depth: number): Filter {
  const fields = FIELDS[entity]!;
  const reaching = ['workflow', 'runs', 'steps', 'artifacts', 'run'];
  const names = Object.keys(fields).filter((name) => depth > 1 || !reaching.includes(name));
  const words = depth > 1 ? [...names, 'and', 'or', 'not'] : names;
  const inner = () => filterOf(entity, random, depth - 1);
  return Object.fromEntries(
    Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
      const word = any(random, words);
      if (word === 'not') return [word, inner()];
      if (word === 'and' || word === 'or') {
        return [word, Array.from({ length: Math.floor(random() * 3) }, inner)];
      }
      return [word, fields[word]!(random, depth - 1)];
    }),
  );
}
