/**
 * Says what docs/PROTOCOL.md says, to a real gateway, and compares what comes: with bare sockets and `fetch`, as a
 * client would that is written from the document alone.
 */
import { newId } from '../../resolvers/keys.ts';
import { difference, filled, type Bound, type Step } from './protocol-page.ts';
import {
  openEventText,
  openSocket,
  type EventText,
  type Message,
  type Socket,
} from './protocol-wire.ts';

/** What happens between messages, by its words in the document. */
export interface Stage {
  url(): string;
  readonly meanwhile: Readonly<Record<string, () => Promise<void>>>;
}

/** Plays all steps in order; answers how many messages it sent and compared. Throws at the first that differs. */
export async function play(
  steps: readonly Step[],
  stage: Stage,
): Promise<{ readonly sent: number; readonly compared: number }> {
  const session = openSession(stage);
  let sent = 0;
  let compared = 0;
  try {
    for (const step of steps) {
      const act = session.acts[step.kind];
      if (!act) throw new Error(`line ${step.line}: nothing is known of a block "${step.kind}"`);
      try {
        await act(step.text);
      } catch (error) {
        throw new Error(`docs/PROTOCOL.md, line ${step.line}: ${(error as Error).message}`, {
          cause: error,
        });
      }
      if (step.kind.endsWith('client')) sent += 1;
      else if (step.kind !== 'meanwhile') compared += 1;
    }
  } finally {
    session.end();
  }
  return { sent, compared };
}

function openSession(stage: Stage) {
  const bound: Bound = new Map();
  let socket: Socket | null = null;
  let stream: EventText | null = null;
  let response: Response | null = null;

  const say = (text: string) => filled(text, bound, made);
  const compare = (expected: unknown, actual: unknown) => {
    const differs = difference(expected, actual, bound);
    if (differs) throw new Error(differs);
  };

  const own: Stage['meanwhile'] = {
    'the stream ends': () => stream!.ended(),
    async 'a new socket is opened'() {
      socket?.close();
      socket = await openSocket(`${stage.url()}/graphql`, 'graphql-transport-ws');
      socket.send('{"type":"connection_init"}');
      compare({ type: 'connection_ack' }, await socket.next(undefined));
    },
  };
  const acts: Record<string, (text: string) => Promise<void>> = {
    async 'http client'(text) {
      const { line, headers, body } = messageIn(say(text));
      const [, method = '', path = ''] = /^(\w+) (.*) HTTP/.exec(line) ?? [];
      if (headers['upgrade'] === 'websocket') {
        socket?.close();
        socket = await openSocket(stage.url() + path, headers['sec-websocket-protocol'] ?? '');
        return;
      }
      stream?.close();
      stream = null;
      response = await fetch(stage.url() + encodeURI(path), {
        method,
        headers,
        ...(body === '' ? {} : { body: JSON.stringify(JSON.parse(body)) }),
      });
    },
    async 'http gateway'(text) {
      const { line, headers, body } = messageIn(text);
      if (line.includes(' 101 ')) return compare(headers, socket!.headers(Object.keys(headers)));
      const answered = response!;
      compare(line.split(' ')[1], String(answered.status));
      for (const [name, value] of Object.entries(headers)) {
        compare(value, answered.headers.get(name));
      }
      if (headers['content-type']?.startsWith('text/event-stream')) {
        stream = openEventText(answered);
        await acts['text sse gateway']!(body);
      } else compare(JSON.parse(body), await answered.json());
    },
    async 'text sse gateway'(text) {
      const frames = text.trim().split('\n\n');
      for (const frame of frames) compare(frame, await stream!.next());
    },
    async 'json ws client'(text) {
      for (const message of messagesIn(text)) {
        socket!.send(JSON.stringify(JSON.parse(say(message))));
      }
    },
    async 'json ws gateway'(text) {
      for (const message of messagesIn(text)) {
        const expected = JSON.parse(message) as Message;
        compare(expected, await socket!.next(expected.id));
      }
    },
    async 'text ws close'(text) {
      compare(text.trim(), await socket!.closed());
    },
    async meanwhile(text) {
      const act = own[text] ?? stage.meanwhile[text];
      if (!act) throw new Error(`nobody knows how "${text}" is done`);
      await act();
    },
  };

  return {
    acts,
    end() {
      socket?.close();
      stream?.close();
    },
  };
}

/** What a client chooses itself. Cursors and the like must have come from the gateway. */
function made(shape: string, name: string): string {
  if (shape === 'uuid') return newId();
  if (shape === 'time') return new Date().toISOString();
  throw new Error(`<${name}> has not come yet`);
}

function messagesIn(block: string): string[] {
  return block.trim().split(/\n(?=\{)/);
}

function messageIn(block: string) {
  const [head = '', ...rest] = block.split('\n\n');
  const [line = '', ...lines] = head.trim().split('\n');
  const headers = Object.fromEntries(
    lines.map((header) => {
      const colon = header.indexOf(':');
      return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()];
    }),
  );
  return { line, headers, body: rest.join('\n\n').trim() };
}
