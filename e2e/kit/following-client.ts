/**
 * A client as a process of its own, to be killed: `following-client.ts URL RUN TRANSPORT SEEN HEARTBEAT_MS`. Follows
 * the events of the run; each becomes a line of JSON in the file SEEN before the next is taken. Begun again it goes on
 * after the last line.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { openClient, runEvents, type RunEvent, type TransportName } from '../../client/client.ts';

const [url = '', runId = '', transport = '', path = '', heartbeat = ''] = process.argv.slice(2);
const lines = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
const last = lines.at(-1);
const after = last ? (JSON.parse(last) as RunEvent).cursor : null;

const client = openClient({
  url: `${url}/graphql`,
  transports: [transport as TransportName],
  webSocket: (where, protocol) => new WebSocket(where, protocol),
  heartbeat_ms: Number(heartbeat),
  backoff_first_ms: 10,
  backoff_max_ms: 200,
});
const following = client.follow(runEvents(runId, { after }), {
  item: (event) => appendFileSync(path, `${JSON.stringify(event)}\n`),
});
void following.ended.then((error) => console.error(`${transport} ended:`, error));
