/** The same events through the public API: one gateway process, keep-alive connections, one call per run at a time. */
import { Agent, request } from 'node:http';
import { startProcess } from './gateway-process.ts';
import type { Life } from './ingest-lives.ts';

const SOCKETS_MAX = 128;

const APPEND = `mutation Append($input: AppendRunEventsInput!) {
  appendRunEvents(input: $input) { __typename ... on AppendedEvents { fence } ... on Refusal { message } }
}`;

/** Appends all events of all lives in batches of this many. Answers seconds. */
export async function appendByGraphQL(
  databaseUrl: string,
  lives: readonly Life[],
  batch: number,
): Promise<number> {
  const gateway = await startProcess({ DATABASE_URL: databaseUrl, LOG_LEVEL: 'warn' });
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX });
  try {
    const began = performance.now();
    await Promise.all(lives.map((life) => appendLife(gateway.url, agent, life, batch)));
    return (performance.now() - began) / 1_000;
  } finally {
    agent.destroy();
    await gateway.stop();
  }
}

async function appendLife(url: string, agent: Agent, life: Life, batch: number): Promise<void> {
  let fence: string | null = null;
  for (let from = 0; from < life.events.length; from += batch) {
    const events = life.events.slice(from, from + batch);
    const input = { runId: life.runId, fence, events };
    const answer = await post(url, agent, JSON.stringify({ query: APPEND, variables: { input } }));
    const { data } = JSON.parse(answer) as {
      data?: { appendRunEvents: { __typename: string; fence?: string | null } };
    };
    if (data?.appendRunEvents.__typename !== 'AppendedEvents') throw new Error(answer);
    fence = data.appendRunEvents.fence ?? fence;
  }
}

function post(url: string, agent: Agent, body: string): Promise<string> {
  return new Promise((done, fail) => {
    const asked = request(
      `${url}/graphql`,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => (text += chunk));
        answer.on('end', () => {
          done(text);
        });
        answer.on('error', fail);
      },
    );
    asked.on('error', fail);
    asked.end(body);
  });
}
