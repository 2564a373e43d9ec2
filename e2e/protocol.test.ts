/** docs/PROTOCOL.md is true: its messages are said in a real session, its tables compared and provoked. */
import { readdirSync, readFileSync } from 'node:fs';
import { CloseCode, MessageType } from 'graphql-ws';
import { isEnumType, isInputObjectType, isObjectType, type GraphQLNamedType } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { passes } from '../client/refused.ts';
import { parseConfig } from '../gateway/config.ts';
import { statusOf } from '../gateway/errors.ts';
import { VARIABLES_DEPTH_MAX } from '../gateway/execution/params.ts';
import { NESTED_INPUTS_MAX } from '../gateway/limits/nested-inputs.ts';
import { LEVEL_ROWS_MAX } from '../resolvers/list.ts';
import { LEVEL_BYTES_MAX } from '../resolvers/selected.ts';
import { SETTINGS } from '../gateway/settings.ts';
import { HEADERS_BYTES_MAX } from '../gateway/transports/listen.ts';
import { LAST_ID_CHARS_MAX } from '../gateway/transports/sse.ts';
import { REFUSAL_CODES, Refusal, type Issue, type RefusalCode } from '../resolvers/errors.ts';
import { CALL_LIMITS, STEP_KEY_BYTES_MAX } from '../resolvers/events/append/check.ts';
import { METADATA_BYTES_MAX, TAGS_MAX } from '../resolvers/events/append/labels.ts';
import { checkPayload, SHAPES } from '../resolvers/events/payloads.ts';
import { formatPosition, parsePosition } from '../resolvers/events/feed/position.ts';
import { writeListCursor } from '../resolvers/live/lists/run-list-cursor.ts';
import { EVENTS_PAGE, PAGE } from '../resolvers/page.ts';
import { moversOf, RUN_MOVES, STEP_MOVES } from '../resolvers/runs/model.ts';
import { schema } from '../schema/index.ts';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';
import { readPage } from './kit/protocol-page.ts';
import { closeOf, CLOSES, ERRORS, IMPATIENT } from './kit/protocol-provoke.ts';
import { play } from './kit/protocol-session.ts';

const page = readPage();
const plainText = page.text.replaceAll(/\s+/g, ' ');

describe.each(WORLDS)('$name', ({ open }) => {
  let world: World;
  let gateway: TestGateway;
  beforeAll(async () => {
    world = await open();
    gateway = await world.start();
  });
  afterAll(() => world.end());

  test(
    'every worked message is sent, and comes as it is written',
    { timeout: 240_000 },
    async () => {
      let stopping: Promise<boolean> | null = null;
      const played = await play(page.steps, {
        url: () => gateway.url,
        meanwhile: {
          async 'the gateway stops'() {
            stopping = gateway.drain();
          },
          async 'the gateway runs again'() {
            await stopping;
            gateway = await world.start();
          },
        },
      });
      const fences = page.text.match(/^```(json|http)/gm)!;
      expect(played.sent + played.compared).toBeGreaterThanOrEqual(fences.length);
    },
  );

  test.each(Object.entries(ERRORS))(
    '%s is answered to what the page says',
    async (code, provoke) => {
      const said = await provoke(gateway);
      expect(said.code).toBe(code);
      const [, status] = page.table('## Error codes').find(([named]) => named === code)!;
      expect([200, Number(status)]).toContain(said.status);
    },
  );
});

describe('close codes', () => {
  let world: World;
  let gateway: TestGateway | null = null;
  beforeAll(async () => {
    world = await WORLDS[0]!.open();
  });
  afterAll(() => world.end());

  test.each(Object.entries(CLOSES))(
    '%s closes a socket for what the page says',
    async (code, provoke) => {
      gateway ??= await world.start(IMPATIENT);
      const closed = await closeOf(await provoke(gateway));
      // What waits to be sent to a stalled reader stands before the code.
      expect(code === '1013' ? [1006, 1013] : [Number(code)]).toContain(closed);
      expect(gateway.lines.join('')).not.toContain('internal error');
      if (code !== '1012') return;
      await gateway.drain();
      gateway = null;
    },
  );
});

test('every error code is in the table, with the status and the reaction that the code has', () => {
  const table = page.table('## Error codes').map(([code, status, again]) => [code, status, again]);
  const codes = [...Object.keys(REFUSAL_CODES), 'INTERNAL'];
  expect(table.map(([code]) => code)).toEqual(codes);
  for (const [code = '', status, again] of table) {
    const refused = code === 'INTERNAL' ? 500 : statusOf(new Refusal(code as RefusalCode, ''));
    expect([code, status]).toEqual([code, String(refused)]);
    expect([code, passes(code)]).toEqual([code, again === 'later']);
  }
  expect(new Set([...Object.keys(ERRORS), 'UNAUTHENTICATED'])).toEqual(new Set(codes));
});

/** RFC 6455; sent by ws. */
const OF_EVERY_WEBSOCKET = ['1002', '1006', '1007', '1009'];

test('every close code that our code, graphql-ws and ws have is in the table, and our client obeys it', () => {
  const files = ['ws.ts', 'ws-pace.ts'].map((name) =>
    readFileSync(`gateway/transports/${name}`, 'utf8'),
  );
  const own = files.join('').matchAll(/ = ([14]\d{3});/g);
  const folder = 'node_modules/graphql-ws/dist';
  const server = readdirSync(folder).filter((name) => /^server-.*\.js$/.test(name));
  const texts = [...server, 'use/ws.js'].map((name) => readFileSync(`${folder}/${name}`, 'utf8'));
  const theirs = texts.join('').matchAll(/CloseCode\.(\w+)/g);
  const codes = new Set([
    ...[...own].map(([, code]) => code),
    ...[...theirs].map(([, name]) => String(CloseCode[name as keyof typeof CloseCode])),
    ...OF_EVERY_WEBSOCKET,
  ]);
  const table = page.table('## Close codes');
  expect(new Set(table.map(([code]) => code))).toEqual(codes);
  expect(new Set([...Object.keys(CLOSES), '4403'])).toEqual(codes);
  const [, forGood = ''] = /FOR_GOOD.*\[(.*)\]/.exec(readFileSync('client/websocket.ts', 'utf8'))!;
  for (const code of forGood.split(', ')) {
    expect([code, table.find(([named]) => named === code)?.[1]]).toEqual([code, 'no']);
  }
  for (const type of Object.values(MessageType)) expect(page.text).toContain(`"type": "${type}"`);
});

/** How much of documents is remembered is not seen from outside. */
const UNSEEN = ['QUERY_DOCUMENTS_MAX'];
const SEEN = /^(HTTP|QUERY|REQUEST|APPEND|HEARTBEAT|CHANGE|RUN|LIVE|WS)_/;

test('every limit is in the table, with the default of its setting', () => {
  const config = parseConfig({}) as Readonly<Record<string, unknown>>;
  const limits = Object.entries(SETTINGS).filter(
    ([, { name }]) => SEEN.test(name) && !UNSEEN.includes(name),
  );
  const expected = limits.map(([key, { name }]) => [name, String(config[key])]);
  const table = page.table('## Limits').map(([name, value]) => [name, value]);
  expect(Object.fromEntries(table)).toEqual(Object.fromEntries(expected));
  const names: string[] = Object.values(SETTINGS).map(({ name }) => name);
  for (const [, name = ''] of page.text.matchAll(/\b([A-Z]+(?:_[A-Z]+)*_(?:MS|MAX|DAYS))\b/g)) {
    expect(names).toContain(name);
  }
});

test('limits without a setting are those of the code', () => {
  const { payload_depth_max } = CALL_LIMITS;
  expect(plainText).toContain(
    `\`variables\` at most ${VARIABLES_DEPTH_MAX} levels deep, with ${NESTED_INPUTS_MAX} objects of types that hold themselves (filters); a payload ${payload_depth_max}, other \`JSON\` 64; ` +
      `a page at most ${PAGE.max} rows, else ${PAGE.fallback}, of events at most ${EVENTS_PAGE.max}, else ${EVENTS_PAGE.fallback}; ` +
      `\`nodes\` at most 100 ids; the rows of one level of an answer at most ${LEVEL_ROWS_MAX}, and ${LEVEL_BYTES_MAX} bytes; a run at most ${TAGS_MAX} tags and ${METADATA_BYTES_MAX} bytes of metadata.`,
  );
  expect(plainText).toContain(`\`stepKey\` at most ${STEP_KEY_BYTES_MAX} bytes`);
});

test('the longest cursor that is taken fits into what the page says, and into Last-Event-ID', () => {
  const longest = longestPosition();
  const digest = 'x'.repeat(8);
  const edge = [Date.now(), '00000000-0000-7000-8000-000000000000'] as const;
  const cursor = writeListCursor('', { feed: longest, edge, runs: digest, counts: digest });
  expect(cursor.length).toBeGreaterThan(43_000);
  expect(cursor.length).toBeLessThanOrEqual(44_000);
  expect(plainText).toContain('at most 44,000.');
  expect(LAST_ID_CHARS_MAX).toBeGreaterThanOrEqual(44_000);
  expect(plainText).toContain(
    `All headers of a request together may have ${HEADERS_BYTES_MAX / 1024} KiB.`,
  );
  expect(HEADERS_BYTES_MAX - LAST_ID_CHARS_MAX).toBeGreaterThan(16_384);
});

/** With as many open transactions as parsePosition takes. */
function longestPosition() {
  const positionWith = (count: number) => {
    const open = Array.from({ length: count }, (_, at) => 10n ** 17n + BigInt(at));
    const from = `${open[0]}:${10n ** 18n}:${open.join(',')}`;
    return { epoch: 1, from, xid: '0', at: '0' };
  };
  let count = 1_200;
  const isTaken = () => {
    try {
      return parsePosition(formatPosition(positionWith(count))) !== null;
    } catch {
      return false;
    }
  };
  while (isTaken()) count += 1;
  return positionWith(count - 1);
}

test('every live field is in the table, with its arguments', () => {
  const fields = Object.values(schema.getSubscriptionType()!.getFields());
  const signatures = fields.map(({ name, args }) => {
    return `${name}(${args.map((arg) => arg.name).join(', ')})`;
  });
  const table = page.table('## Live fields').map(([field]) => field);
  expect(new Set(table)).toEqual(new Set(signatures));
});

test.each(
  `RunUpdate RunsUpdate RunEvent Change ChangeType LiveType AppendRunEventsInput RunEventInput AppendedEvents
  AppendedEvent HeartbeatInput Heartbeat Invalid Issue NotFound Conflict Forbidden Limited`.split(
    /\s+/,
  ),
)('what %s has is named', (name) => {
  const missing = membersOf(schema.getType(name)!).filter(
    (member) => !new RegExp(`\\b${member}\\b`).test(page.text),
  );
  expect(missing).toEqual([]);
});

function membersOf(type: GraphQLNamedType): string[] {
  if (isEnumType(type)) return type.getValues().map(({ name }) => name);
  if (isObjectType(type) || isInputObjectType(type)) return Object.keys(type.getFields());
  throw new Error(`${type.name} has no members`);
}

test('event types have the movers, moves and payloads of the code', () => {
  const moves: Readonly<Record<string, { from: readonly string[]; to: string }>> = {
    ...RUN_MOVES,
    ...STEP_MOVES,
  };
  const expected = Object.entries(SHAPES).map(([type, shape]) => {
    const { from, to } = moves[type] ?? {};
    const move = from ? `${from.join(', ') || '–'} → ${to}` : 'nothing moves';
    const keys = Object.entries(shape).map(([key, { required }]) => key + (required ? '!' : ''));
    return [type, moversOf(type as keyof typeof SHAPES).join(', '), move, keys.join(' ')];
  });
  expect(page.table('## Event types')).toEqual(expected);
});

test('fields of payloads have the bounds that the page says', () => {
  const table = page.table('### Payloads');
  const keys = new Set(Object.values(SHAPES).flatMap((shape) => Object.keys(shape)));
  expect(new Set(table.map(([key]) => key))).toEqual(keys);
  for (const [key = '', form = ''] of table) {
    const bytes = Number(/^text of at most (\d+) bytes/.exec(form)?.[1] ?? 0);
    if (bytes === 0) continue;
    for (const [type, shape] of Object.entries(SHAPES)) {
      if (!(key in shape)) continue;
      const issuesWith = (size: number) => {
        const issues: Issue[] = [];
        checkPayload(type as keyof typeof SHAPES, { [key]: 'x'.repeat(size) }, '', issues);
        return issues.filter(({ path }) => path === `.${key}`).length;
      };
      expect([type, key, issuesWith(bytes), issuesWith(bytes + 1)]).toEqual([type, key, 0, 1]);
    }
  }
});

test('what the page advises is what client/ does', () => {
  const source = ['client', 'emitter'].map((name) => readFileSync(`client/${name}.ts`, 'utf8'));
  const number = (name: string) => {
    const [, digits = ''] = new RegExp(`\\b${name}(?: =|:) ([\\d_ *]+)`).exec(source.join(''))!;
    return digits
      .split('*')
      .reduce((product, factor) => product * Number(factor.replace('_', '')), 1);
  };
  const seconds = (name: string) => `${number(name) / 1_000} s`;
  const silent = /SILENCE_HEARTBEATS = ([\d.]+)/.exec(source.join(''))![1];
  for (const advice of [
    `bound = ${number('backoff_first_ms')} ms`,
    `min(2 × bound, ${seconds('backoff_max_ms')})`,
    `give up after ${seconds('open_wait_ms')} without connection_ack`,
    `nothing came for ${silent} × LIVE_HEARTBEAT_MS`,
    `again after ${seconds('upgrade_ms')}, then after twice that`,
    `${number('batch_events_max')} events or ${number('batch_bytes_max') / 2 ** 20} MiB a call`,
  ]) {
    expect(plainText).toContain(advice);
  }
});
