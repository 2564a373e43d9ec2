/** Pages asked for again and again: passes wherever ordinary requests pass. */
import { sleep, type Clock } from './clock.ts';
import { answerIn, post, type Fetch } from './post.ts';
import { refusedBy } from './refused.ts';
import {
  endBy,
  variablesOf,
  type Asked,
  type End,
  type Hear,
  type Poll,
  type Transport,
} from './transport.ts';

export interface PollOptions {
  readonly url: string;
  readonly fetch: Fetch;
  /** Between two pages when there is nothing more. */
  readonly poll_ms: number;
  /** One request. */
  readonly request_max_ms: number;
  readonly clock: Clock;
}

/** Carries what says how it is polled. */
export function pollTransport(options: PollOptions): Transport {
  return {
    name: 'poll',
    carry(asked, hear, signal) {
      const { poll } = asked;
      if (poll) return readPages(options, asked, poll, hear, signal);
      return Promise.resolve({ kind: 'broken', reason: 'it says no way to poll it' });
    },
  };
}

async function readPages<Item>(
  options: PollOptions,
  asked: Asked<Item>,
  poll: Poll<Item>,
  hear: Hear<Item>,
  signal: AbortSignal,
): Promise<End> {
  let { after } = asked;
  while (!signal.aborted) {
    const got = await page(options, { ...asked, after }, poll, signal);
    if ('kind' in got) return signal.aborted ? { kind: 'stopped' } : got;
    hear.opened();
    for (const { item, cursor } of got.items) {
      const end = hear.item(item, cursor, []);
      if (end) return end;
    }
    after = got.after ?? after;
    if (!got.more) await sleep(options.clock, options.poll_ms, signal);
  }
  return { kind: 'stopped' };
}

async function page<Item>(
  { fetch, url, request_max_ms, clock }: PollOptions,
  asked: Asked<Item>,
  poll: Poll<Item>,
  signal: AbortSignal,
): Promise<End | ReturnType<Poll<Item>['page']>> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  const cancel = clock.after(request_max_ms, abort);
  try {
    const body = JSON.stringify({ query: poll.query, variables: variablesOf(asked) });
    const headers = { accept: 'application/graphql-response+json' };
    const response = await post(fetch, url, body, headers, controller.signal);
    const answer = answerIn(await response.text());
    if (!answer) return { kind: 'broken', reason: `answered ${response.status} and no GraphQL` };
    if (answer.errors && answer.errors.length > 0) return endBy(refusedBy(answer.errors));
    return poll.page(answer.data);
  } catch (error) {
    return { kind: 'broken', reason: (error as Error).message };
  } finally {
    cancel();
    signal.removeEventListener('abort', abort);
  }
}
