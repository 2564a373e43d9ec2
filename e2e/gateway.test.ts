/** The whole gateway over its stores: what it serves, notes, and how it begins and ends. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';

const REGISTER = `mutation Register($input: RegisterWorkflowInput!) {
  registerWorkflow(input: $input) { ... on RegisteredWorkflow { workflow { id } } ... on Refusal { code message } }
}`;
const START = `mutation Start($input: StartRunInput!) {
  startRun(input: $input) { ... on Run { id } ... on Refusal { code message } }
}`;
const APPEND = `mutation Append($input: AppendRunEventsInput!) {
  appendRunEvents(input: $input) { ... on AppendedEvents { fence events { eventId seq } } ... on Refusal { code message } }
}`;
const EVENTS = `query Events($id: ID!) { runEvents(runId: $id, first: 1000) { nodes { eventId } } }`;

/** Registers a workflow of one step and starts a run of it; answers the run's id. */
async function startedRun(gateway: TestGateway, name = 'one step'): Promise<string> {
  const input = { name, kind: 'test', key: randomUUID(), steps: [{ key: 'a', name: 'a' }] };
  const registered = await gateway.ask<{ registerWorkflow: { workflow: { id: string } } }>(
    REGISTER,
    { input },
  );
  const workflowId = registered.data?.registerWorkflow.workflow.id;
  const started = await gateway.ask<{ startRun: { id: string } }>(START, { input: { workflowId } });
  return started.data?.startRun.id ?? '';
}

const eventOf = (type: string, payload?: object) => ({
  eventId: randomUUID(),
  type,
  occurredAt: new Date().toISOString(),
  ...(payload ? { payload } : {}),
});

interface Append {
  readonly appendRunEvents: { readonly fence?: string; readonly events?: unknown[] };
}

/** Starts the run and appends to it, one after the other, until nobody answers; notes what was acknowledged. */
async function pour(gateway: TestGateway, runId: string, acknowledged: string[]): Promise<void> {
  const append = (event: object, fence?: string) =>
    gateway.ask<Append>(APPEND, { input: { runId, fence, events: [event] } });
  const started = await append(eventOf('RUN_STARTED'));
  const fence = started.data?.appendRunEvents.fence;
  for (;;) {
    const event = eventOf('LOG_APPENDED', { lines: ['x'] });
    const answer = await append(event, fence).catch(() => null);
    if (!answer) return;
    if (answer.data?.appendRunEvents.events) acknowledged.push(event.eventId);
  }
}

const parsed = (gateway: TestGateway) =>
  gateway.lines.map((line) => JSON.parse(line) as Record<string, unknown>);

describe.each(WORLDS)('$name', ({ open }) => {
  let world: World;
  let gateway: TestGateway;
  beforeAll(async () => {
    world = await open();
    gateway = await world.start({ SLOW_STATEMENT_MS: 1 });
  });
  afterAll(() => world.end());

  test('a run that was started is found by query and shown on the page', async () => {
    const id = await startedRun(gateway, 'shown <b>workflow</b>');
    const { data } = await gateway.ask(
      'query ($id: ID!) { run(id: $id) { status workflow { name } } }',
      { id },
    );
    expect(data).toEqual({
      run: { status: 'QUEUED', workflow: { name: 'shown <b>workflow</b>' } },
    });
    const page = await (await fetch(gateway.url)).text();
    expect(page).toContain('shown &lt;b&gt;workflow&lt;/b&gt;');
    expect(page).not.toContain('<b>workflow');
  });

  test('store calls are counted by statement name, flushes and appends by size', async () => {
    const id = await startedRun(gateway);
    await gateway.ask(APPEND, { input: { runId: id, events: [eventOf('RUN_STARTED')] } });
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toMatch(
      /polyphony_store_call_seconds_count\{store="postgres",statement="runs?\.\w+"\} [1-9]/,
    );
    expect(metrics).toMatch(/polyphony_log_flush_events_count [1-9]/);
    expect(metrics).toMatch(/polyphony_pool_connections\{state="idle"\} \d/);
    expect(metrics).toMatch(/polyphony_feed_newest_change_seconds \d/);
    expect(metrics).toContain('polyphony_log_queue_calls 0');
  });

  test('logs tell slow statements by name and time, and nothing that was sent', async () => {
    const id = await startedRun(gateway, 'hunter2');
    const events = [eventOf('RUN_STARTED', { message: 'hunter2' })];
    await gateway.ask(APPEND, { input: { runId: id, events } });
    await gateway.ask('query ($id: ID!) { run(id: $id) { id } }', { id: 'hunter2' });
    await expect
      .poll(() => parsed(gateway).filter(({ msg }) => msg === 'slow statement'))
      .not.toHaveLength(0);
    const [slow] = parsed(gateway).filter(({ msg }) => msg === 'slow statement');
    expect(slow).toMatchObject({
      level: 'warn',
      statement: expect.stringMatching(/^[\w.]+$/),
      ms: expect.any(Number),
      wait_ms: expect.any(Number),
      rows: expect.any(Number),
    });
    expect(gateway.lines.join('')).not.toContain('hunter2');
  });

  test('ready, with what the store is', async () => {
    const response = await fetch(`${gateway.url}/health/ready`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      ready: true,
      stores: { postgres: { ok: true, version: expect.stringMatching(/^\d+/), pending: 0 } },
    });
  });

  test('drained while appends pour in, every append that was answered is there afterwards', async () => {
    if (isEmbedded()) await gateway.drain(); // Its folder is one process's: it makes room.
    const draining = await world.start();
    const runs = await Promise.all(Array.from({ length: 4 }, () => startedRun(draining)));
    const acknowledged = new Map<string, string[]>(runs.map((id) => [id, []]));
    const pouring = runs.map((id) => pour(draining, id, acknowledged.get(id) ?? []));
    const count = () => [...acknowledged.values()].flat().length;
    await expect.poll(count, { timeout: 20_000 }).toBeGreaterThan(20);
    expect(await draining.drain()).toBe(true);
    await Promise.all(pouring);

    if (isEmbedded()) gateway = await world.start({ SLOW_STATEMENT_MS: 1 });
    for (const [id, sent] of acknowledged) {
      const { data } = await gateway.ask<{ runEvents: { nodes: { eventId: string }[] } }>(EVENTS, {
        id,
      });
      const stored = new Set(data?.runEvents.nodes.map(({ eventId }) => eventId));
      expect(sent.filter((eventId) => !stored.has(eventId))).toEqual([]);
    }
  });

  const isEmbedded = () => world.settings['DATABASE_URL'] === undefined;

  test('a start that fails leaves nothing open: the next one succeeds', async () => {
    const port = new URL(gateway.url).port;
    const other = await open();
    await expect(other.start({ PORT: port })).rejects.toThrow(`Port ${port} on 127.0.0.1 is taken`);
    const next = await other.start();
    expect(await next.ask('{ __typename }')).toEqual({ data: { __typename: 'Query' } });
    await other.end();
  });
});
