/**
 * A worker as a process of its own, to be killed: `spooling-worker.ts URL RUN SPOOL SAID`. Begins the run, then
 * says STEP_PROGRESS without end; each event that was taken becomes a line in the file SAID, once it was.
 */
import { appendFileSync, openSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { newEventId } from '../../client/event-id.ts';
import { openEmitter, type NewEvent } from '../../client/emitter.ts';
import { openSpool } from '../../client/spool.ts';

const [url = '', runId = '', path = '', saidPath = ''] = process.argv.slice(2);
const said = openSync(saidPath, 'a');
const emitter = openEmitter({
  url: `${url}/graphql`,
  runId,
  spool: openSpool({ path, runId }),
  backoff_max_ms: 200,
});

async function take(event: Omit<NewEvent, 'eventId'>): Promise<void> {
  const eventId = newEventId(Date.now());
  while (!emitter.emit({ ...event, eventId })) await turn();
  appendFileSync(said, `${eventId}\n`);
}

await take({ type: 'RUN_STARTED' });
await take({ type: 'STEP_STARTED', stepKey: 'only' });
for (;;) {
  await take({ type: 'STEP_PROGRESS', stepKey: 'only', payload: { progress: 0.5 } });
  await turn();
}
