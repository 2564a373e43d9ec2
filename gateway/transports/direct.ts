/**
 * The short way of an answer to its client: JSON by POST, sent at once. What the media types mean, and which status
 * goes with which error, is as yoga has it, which writes all other answers.
 */
import type { GraphQLError } from 'graphql';
import { withoutHttp, type Report } from '../errors.ts';
import {
  notExecuted,
  partsOf,
  told,
  type Answer,
  type AnswerFunction,
  type Asker,
  type Params,
} from '../execution/answer.ts';
import { paramsOfBody } from '../execution/params.ts';
import type { Bodies } from '../limits/body.ts';
import { send, type Exchange } from './exchange.ts';

type MediaType = 'application/json' | 'application/graphql-response+json';

const WHOLE: Readonly<Record<MediaType, string>> = {
  'application/json': 'application/json; charset=utf-8',
  'application/graphql-response+json': 'application/graphql-response+json; charset=utf-8',
};

const BY_RANGE: ReadonlyMap<string, MediaType> = new Map([
  ['application/json', 'application/json'],
  ['application/graphql-response+json', 'application/graphql-response+json'],
  ['application/*', 'application/json'],
  ['*/*', 'application/json'],
]);

/** The media type that is asked for, by the first of them; null where it is none of these, or also another. */
export function mediaTypeOf(accept: string | undefined): MediaType | null {
  const known = BY_RANGE.get(accept ?? '*/*');
  if (known) return known;
  const ranges = (accept ?? '').split(',').map((range) => range.trim());
  const types = ranges.map((range) => BY_RANGE.get(range));
  return types.every((type) => type !== undefined) ? types[0]! : null;
}

/** Reads a body, answers what it asks, and sends that. `failed` is told of what must not happen. */
export function answerDirectly(
  { answer, bodies, reportOf }: DirectParts,
  exchange: Exchange,
  type: MediaType,
  failed: (error: unknown) => void,
): void {
  bodies.read(exchange.request, (body) => {
    const sendMade = (made: Answer) => {
      exchange.answer = made;
      if (!(body instanceof Error)) body.release();
      sendAnswer(exchange, made, type);
    };
    try {
      let params: Params;
      try {
        if (body instanceof Error) throw body;
        params = paramsOfBody(body.bytes);
      } catch (refused) {
        return sendMade(notAsked(refused, reportOf(exchange.id)));
      }
      const made = answer(params, askerOf(exchange));
      if (made instanceof Promise) void made.then(sendMade).catch(failed);
      else sendMade(made);
    } catch (thrown) {
      failed(thrown);
    }
  });
}

export interface DirectParts {
  readonly answer: AnswerFunction;
  readonly bodies: Bodies;
  readonly reportOf: (requestId: string) => Report;
}

/** Who asks by HTTP. */
export function askerOf({ request: { method, headers }, id, gone }: Exchange): Asker {
  return {
    requestId: id,
    signal: gone,
    mayMutate: method === 'POST',
    explain: headers['x-explain'] === '1',
    consistency: headers['x-consistency'] as string | undefined, // Never a list: it is no set-cookie.
  };
}

/** To a request whose parameters could not be read. */
function notAsked(error: unknown, report: Report): Answer {
  return { ...told(notExecuted([error]), report), operation: null, operationName: null };
}

/** Sends an answer. Errors that left no data decide status and headers by `extensions.http`, which nobody is shown. */
export function sendAnswer(exchange: Exchange, answer: Answer, type: MediaType): void {
  const { data, errors, extensions } = answer;
  const whole = WHOLE[type];
  if (errors.length === 0) return send(exchange, 200, whole, partsOf(answer, extensions));
  const { status, headers } = toldByHttp(errors, type === 'application/json');
  send(
    exchange,
    status,
    whole,
    partsOf({ data, errors: withoutHttp(errors) }, extensions),
    headers,
  );
}

interface Http {
  readonly status?: number;
  /** Of the document: where plain JSON is accepted the answer is 200, as the specification asks. */
  readonly spec?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

function toldByHttp(errors: readonly GraphQLError[], isPlainJson: boolean) {
  let status = 0;
  const headers: Record<string, string> = {};
  for (const { extensions } of errors) {
    const http: Http | undefined = extensions['http'];
    if (!http) continue;
    Object.assign(headers, http.headers);
    if (!(isPlainJson && http.spec)) status = Math.max(status, http.status ?? 0);
  }
  return { status: status || 200, headers };
}
