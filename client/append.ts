/** One call of `appendRunEvents`, which may be sent again as it was: events have ids. */
import type { ResultOf } from '@graphql-typed-document-node/core';
import type { Clock } from './clock.ts';
import { operation, textOf, type Operation } from './operation.ts';
import { answerIn, post, type Fetch } from './post.ts';
import { passes, refusedBy, Refused } from './refused.ts';

export interface Sending {
  readonly url: string;
  readonly fetch: Fetch;
  readonly request_max_ms: number;
  readonly clock: Clock;
  /** Gives up. */
  readonly signal: AbortSignal;
}

export type Sent =
  | { readonly stored: { readonly status: string; readonly fence: string | null } }
  /** The same again would be refused again. */
  | { readonly refused: Refused }
  /** Not known whether it was stored, or not now: the same again, later. */
  | { readonly again: string };

const APPEND = operation(`mutation Append($input: AppendRunEventsInput!) {
  appendRunEvents(input: $input) {
    ... on AppendedEvents { status fence }
    ... on Refusal { code message }
    ... on Invalid { issues { path message } }
  }
}`);

const HEARTBEAT = operation(`mutation Heartbeat($input: HeartbeatInput!) {
  heartbeat(input: $input) { ... on Heartbeat { status } }
}`);

/** Sends events, which are JSON texts already. Never rejects. */
export async function sendEvents(
  sending: Sending,
  runId: string,
  fence: string | null,
  events: readonly string[],
): Promise<Sent> {
  const head = JSON.stringify({ runId, fence }).slice(0, -1);
  const input = `${head},"events":[${events.join(',')}]}`;
  const answer = await call(sending, APPEND, input);
  return 'again' in answer ? answer : sentBy(answer.text, answer.status);
}

/** Says that the worker is alive; answers the status of the run, null when there was no answer to that. */
export async function sendHeartbeat(
  sending: Sending,
  runId: string,
  fence: string,
): Promise<string | null> {
  const answer = await call(sending, HEARTBEAT, JSON.stringify({ runId, fence }));
  if ('again' in answer) return null;
  const data = answerIn(answer.text)?.data as ResultOf<typeof HEARTBEAT> | null | undefined;
  return data?.heartbeat && 'status' in data.heartbeat ? data.heartbeat.status : null;
}

/** One request; `input` is JSON. */
async function call(
  { url, fetch, request_max_ms, clock, signal }: Sending,
  asked: Operation<unknown, never>,
  input: string,
): Promise<{ readonly text: string; readonly status: number } | { readonly again: string }> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  signal.addEventListener('abort', abort, { once: true });
  const cancel = clock.after(request_max_ms, abort);
  try {
    const body = `{"query":${JSON.stringify(textOf(asked))},"variables":{"input":${input}}}`;
    const headers = { accept: 'application/graphql-response+json' };
    const response = await post(fetch, url, body, headers, controller.signal);
    return { text: await response.text(), status: response.status };
  } catch (error) {
    return { again: (error as Error).message };
  } finally {
    cancel();
    signal.removeEventListener('abort', abort);
  }
}

function sentBy(text: string, status: number): Sent {
  const answer = answerIn(text);
  if (!answer) {
    const what = `answered ${status} and no GraphQL`;
    return mayPass(status) ? { again: what } : { refused: new Refused('UNKNOWN', what) };
  }
  if (answer.errors && answer.errors.length > 0) {
    const refused = refusedBy(answer.errors);
    return passes(refused.code) ? { again: refused.message } : { refused };
  }
  const { appendRunEvents: result } = answer.data as ResultOf<typeof APPEND>;
  if (!('code' in result)) return { stored: result };
  const { code, message, ...details } = result;
  return { refused: new Refused(code, message, details) };
}

/** Of something between us and the gateway: away, too slow, too much asked of it. */
function mayPass(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}
