/** The two ways of live messages, bare: one WebSocket, one text of server-sent events. What comes is read in order. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** A message of graphql-transport-ws. */
export interface Message {
  readonly id?: string;
  readonly [more: string]: unknown;
}

export interface Socket {
  /** Of the handshake's answer; names in lower case. */
  headers(names: readonly string[]): Record<string, string | undefined>;
  send(text: string): void;
  /** The next message of the operation, or that of none. Rejects when none comes. */
  next(id: string | undefined): Promise<Message>;
  /** `1012 Service Restart`: code and reason of the close that the gateway sent. */
  closed(): Promise<string>;
  close(): void;
}

/** Opens one with this subprotocol. */
export async function openSocket(url: string, protocol: string): Promise<Socket> {
  const socket = new WebSocket(url.replace('http', 'ws'), protocol);
  const messages: Message[] = [];
  let end: string | null = null;
  socket.on(
    'message',
    (data: Buffer) => void messages.push(JSON.parse(data.toString()) as Message),
  );
  socket.on('close', (code, reason) => (end = `${code} ${reason.toString()}`.trim()));
  const opened = Promise.all([once(socket, 'upgrade'), once(socket, 'open')]);
  const [[response]] = (await opened) as unknown as [[IncomingMessage], unknown];
  return {
    headers: (names) =>
      Object.fromEntries(names.map((name) => [name, response.headers[name] as string])),
    send: (text) => socket.send(text),
    async next(id) {
      const find = () => messages.findIndex((message) => message.id === id);
      await until(`a message of operation ${id}`, () => find() >= 0 || end !== null);
      if (find() < 0) throw new Error(`the socket was closed instead: ${end}`);
      return messages.splice(find(), 1)[0]!;
    },
    async closed() {
      await until('the close', () => end !== null);
      if (messages.length > 0)
        throw new Error(`before the close came ${JSON.stringify(messages[0])}`);
      return end!;
    },
    close: () => socket.terminate(),
  };
}

export interface EventText {
  /** The next block between two blank lines, heartbeats left out but for the first. */
  next(): Promise<string>;
  /** Resolves when the gateway ended it and nothing more came. */
  ended(): Promise<void>;
  close(): void;
}

/** Reads the body of an answer as it comes. */
export function openEventText(response: Response): EventText {
  const reader = response.body!.getReader();
  const blocks: string[] = [];
  let over = false;
  const read = async () => {
    const decoder = new TextDecoder();
    let text = '';
    let seen = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (text + decoder.decode(value, { stream: true })).split('\n\n');
      text = parts.pop()!;
      for (const part of parts) {
        seen += 1;
        if (part !== ':' || seen === 1) blocks.push(part);
      }
    }
  };
  void read()
    .catch(() => undefined)
    .finally(() => (over = true));
  return {
    async next() {
      await until('the next event of the stream', () => blocks.length > 0 || over);
      const block = blocks.shift();
      if (block === undefined) throw new Error('the stream ended instead');
      return block;
    },
    async ended() {
      await until('the end of the stream', () => over);
      if (blocks.length > 0) throw new Error(`before the end came ${blocks[0]}`);
    },
    close: () => void reader.cancel().catch(() => undefined),
  };
}

/** So long a message may take: far longer than it does, and shorter than a test, which then names it. */
const WAIT_MS = 20_000;

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let waited_ms = 0; !holds(); waited_ms += 5) {
    if (waited_ms > WAIT_MS) throw new Error(`${what} did not come`);
    await sleep(5);
  }
}
