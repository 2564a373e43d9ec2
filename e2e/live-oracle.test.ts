/** The shared recordings replayed as fast as it goes, and watched from before their first event: by socket and by stream. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openClient, runEvents, type Client, type RunEvent } from '../client/client.ts';
import { openApi } from '../gateway/cli/api.ts';
import { replayRun } from '../gateway/cli/replay-run.ts';
import { readRecording } from '../resolvers/recordings/wfformat.ts';
import { stateFaults } from './kit/checker.ts';
import { WORLDS, type World } from './kit/gateway.ts';
import { EXPECTED, oracleHash, recordingPath, WHY_SKIPPED } from './kit/oracle.ts';
import { settingsOf, startGatewayProcess, type GatewayProcess } from './kit/process.ts';
import { freshState, wholeState, type StateItem, type WholeState } from './kit/run-state.ts';
import { until } from './kit/until.ts';

const TRANSPORTS = ['websocket', 'sse'] as const;
const PARALLEL = 2;
const REPLAY_MAX_ms = 300_000;

/** What one client saw of one run. */
interface Seen {
  readonly transport: string;
  readonly events: readonly RunEvent[];
  readonly items: readonly StateItem[];
}

interface Watched {
  readonly seen: readonly Seen[];
  /** What a query answered after its end. */
  readonly fresh: WholeState;
}

describe.skipIf(EXPECTED.length === 0)(`twenty recordings watched${WHY_SKIPPED}`, () => {
  describe.each(WORLDS)('$name', ({ open }) => {
    let world: World;
    let gateway: GatewayProcess;
    const watched = new Map<string, Watched>();

    beforeAll(async () => {
      world = await open();
      gateway = await startGatewayProcess(settingsOf(world));
      const clients = TRANSPORTS.map((transport) => ({
        transport,
        client: openClient({
          url: `${gateway.url}/graphql`,
          transports: [transport],
          webSocket: (url, protocol) => new WebSocket(url, protocol),
        }),
      }));
      const files = EXPECTED.map(({ file }) => file);
      const work = async () => {
        for (let file = files.shift(); file !== undefined; file = files.shift()) {
          watched.set(file, await replayWatched(gateway.url, file, clients));
        }
      };
      await Promise.all(Array.from({ length: PARALLEL }, work));
      await Promise.all(clients.map(({ client }) => client.close()));
    }, REPLAY_MAX_ms);

    afterAll(async () => {
      await gateway.stop();
      await world.end();
    });

    test.each(EXPECTED)(
      'what arrives of $file equals the oracle',
      ({ file, start, events, sha256 }) => {
        const { seen, fresh } = watched.get(file)!;
        expect(seen.map(({ transport }) => transport)).toEqual(TRANSPORTS);
        for (const { events: all, items } of seen) {
          const [queued, ...log] = all;
          expect(queued).toMatchObject({ seq: 1, type: 'RUN_QUEUED' });
          expect(log).toHaveLength(events);
          expect(log[0]?.occurredAt).toBe(start);
          const told = log.map((event) => ({ ...event, occurredAt: new Date(event.occurredAt) }));
          expect(oracleHash(told)).toBe(sha256);

          // It was watched while it happened, not read afterwards.
          expect(items[0]).toMatchObject({ type: 'SNAPSHOT', run: { version: 1 } });
          const { faults, state } = stateFaults(all, items);
          expect(faults).toEqual([]);
          expect(state).toEqual(fresh);
          expect(state?.run).toMatchObject({ status: 'SUCCEEDED', version: events + 1 });
        }
      },
    );
  });
});

/** Replays one file; its first append waits until everybody watches. */
async function replayWatched(
  url: string,
  file: string,
  clients: readonly { readonly transport: string; readonly client: Client }[],
): Promise<Watched> {
  const recording = await readRecording(await readFile(recordingPath(file)));
  const graphql = `${url}/graphql`;
  const api = openApi({ url: graphql, patience_ms: REPLAY_MAX_ms });
  let watching: Promise<Watching[]> = Promise.resolve([]);
  const patient: typeof api = {
    async ask(operation, variables) {
      if (operation.includes('appendRunEvents')) await watching;
      return api.ask(operation, variables);
    },
  };
  const { runId, status } = await replayRun(patient, recording, {
    speed: 'max',
    signal: new AbortController().signal,
    started(run) {
      watching = Promise.all(clients.map((one) => watch(one.transport, one.client, run)));
    },
    told: () => undefined,
  });
  expect(status).toBe('SUCCEEDED');
  const seen = await watching;
  await until(`the end of ${file}, everywhere`, () => seen.every((one) => one.ended()));
  seen.forEach((one) => one.stop());
  return { seen, fresh: await freshState(url, runId) };
}

interface Watching extends Seen {
  readonly ended: () => boolean;
  readonly stop: () => void;
}

/** Resolves when the first of both has come. */
async function watch(transport: string, client: Client, runId: string): Promise<Watching> {
  const events: RunEvent[] = [];
  const items: StateItem[] = [];
  const followings = [
    client.follow(runEvents(runId), { item: (event) => void events.push(event) }),
    client.follow(wholeState(runId), { item: (item) => void items.push(item) }),
  ];
  await until(`${transport} watches`, () => events.length > 0 && items.length > 0);
  return {
    transport,
    events,
    items,
    ended: () =>
      events.at(-1)?.type === 'RUN_SUCCEEDED' && items.at(-1)?.run.status === 'SUCCEEDED',
    stop: () => followings.forEach((following) => following.stop()),
  };
}
