/**
 * Recordings replayed at `--speed max` through the public API, events per second from the first append to the last
 * event that a follower was handed (by `client/`, over a WebSocket), beside the rate without a follower: each recording
 * both ways, one after the other, in interleaved passes of one run.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { openClient, runEvents } from '../../client/client.ts';
import { openApi } from '../../gateway/cli/api.ts';
import { replayRun } from '../../gateway/cli/replay-run.ts';
import type { Recording } from '../../resolvers/recordings/recording.ts';
import { readRecording } from '../../resolvers/recordings/wfformat.ts';
import { openServer } from '../kit/database.ts';
import { chainRecording } from '../kit/endless-replay.ts';
import { EXPECTED, recordingPath } from '../kit/oracle.ts';
import { startPostgres } from '../kit/postgres-server.ts';
import { readSample } from '../kit/samples.ts';
import { durability } from './durability.ts';
import { median } from './figures.ts';
import { startProcess } from './gateway-process.ts';

const PATIENCE_ms = 30_000;

export async function run(args: string[]): Promise<object> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '3' },
      recordings: { type: 'string', default: '2' },
    },
  });
  const recordings = await longest(Number(values.recordings));
  const server = process.env['TEST_DATABASE_URL'] ? null : await startPostgres();
  if (server) process.env['TEST_DATABASE_URL'] = server.url;
  const database = await openServer();
  const gateway = await startProcess({ DATABASE_URL: database.url!, LOG_LEVEL: 'warn' });
  try {
    const followed: number[] = [];
    const alone: number[] = [];
    let events = 0;
    for (let round = 0; round <= Number(values.rounds); round++) {
      const seconds = { followed: 0, alone: 0 };
      events = 0;
      for (const recording of recordings) {
        const replayed = await replay(gateway.url, recording, false);
        events += replayed.events;
        seconds.alone += replayed.seconds;
        seconds.followed += (await replay(gateway.url, recording, true)).seconds;
      }
      if (round === 0) continue; // Warms up.
      alone.push(events / seconds.alone);
      followed.push(events / seconds.followed);
    }
    return {
      durability: await durability(database.pool),
      recordings: recordings.map(({ name }) => name),
      events,
      alone_perSecond: Math.round(median(alone)),
      followed_perSecond: Math.round(median(followed)),
      share: Math.round(median(followed.map((each, round) => (100 * each) / alone[round]!))) / 100,
    };
  } finally {
    await gateway.stop();
    await database.close();
    await server?.stop();
  }
}

/** Of the shared recordings, so many of the longest; our own where those are not. */
async function longest(count: number): Promise<Recording[]> {
  const shared = EXPECTED.toSorted((one, other) => other.events - one.events).slice(0, count);
  const bytes =
    shared.length > 0
      ? shared.map(({ file }) => readFile(recordingPath(file)))
      : [readSample('mosaic'), readSample('evaluation'), chainRecording()];
  return Promise.all(bytes.map(async (each) => readRecording(await each)));
}

/** The time from the run's being there to its last event, as it was acknowledged or handed over. */
async function replay(
  url: string,
  recording: Recording,
  isFollowed: boolean,
): Promise<{ events: number; seconds: number }> {
  const { signal } = new AbortController();
  const api = openApi({
    url: `${url}/graphql`,
    signal,
    patience_ms: PATIENCE_ms,
    waiting: () => undefined,
  });
  const client = openClient({
    url: `${url}/graphql`,
    webSocket: (...asked) => new WebSocket(...asked),
    transports: ['websocket'],
  });
  let began = 0;
  let last: Promise<void> = Promise.resolve();
  const { events } = await replayRun(api, recording, {
    speed: 'max',
    signal,
    told: () => undefined,
    started(runId) {
      began = performance.now();
      if (!isFollowed) return;
      last = new Promise((done) => {
        client.follow(runEvents(runId), {
          item: ({ type }) => type === 'RUN_SUCCEEDED' && done(),
        });
      });
    },
  });
  await last;
  const seconds = (performance.now() - began) / 1_000;
  await client.close();
  return { events, seconds };
}
