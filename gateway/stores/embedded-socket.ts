/** What pg takes for a socket to a server, and is a way to the thread. */
import { Duplex } from 'node:stream';
import { cancelRequested, greetingOf } from './embedded-protocol.ts';

/** The thread as a socket sees it. */
export interface Line {
  /** Resolves with the session's greeting once the thread is ready; rejects when it cannot start. */
  connect(): Promise<Uint8Array>;
  /** Whole messages of this client, or null when it has left. */
  send(bytes: Uint8Array<ArrayBuffer> | null): void;
  /** Cancels what another client runs. */
  cancel(client: number): void;
}

/**
 * A socket of one client. The start-up message is answered here, everything else by the thread; a request to
 * cancel names the client to cancel, as on a server. What the thread answers is pushed into it by the caller.
 */
export function openSocket(client: number, line: Line, closed: () => void): Duplex {
  let greeting: Buffer | undefined;
  let started = false;

  function send(chunks: readonly Buffer[]): void {
    const bytes = new Uint8Array(Buffer.concat(chunks)); // Of its own memory: it is handed over.
    if (started) return line.send(bytes);
    const other = cancelRequested(bytes);
    if (other !== null) {
      line.cancel(other);
      socket.push(null);
      return;
    }
    started = true;
    socket.push(greeting);
  }

  const socket = new Duplex({
    allowHalfOpen: false,
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      send([chunk]);
      done();
    },
    writev(chunks, done) {
      send(chunks.map(({ chunk }) => chunk as Buffer));
      done();
    },
    final(done) {
      socket.push(null);
      done();
    },
    destroy(error, done) {
      closed();
      if (started) line.send(null);
      done(error);
    },
  });

  async function connect(): Promise<void> {
    try {
      greeting = greetingOf(client, await line.connect());
      socket.emit('connect');
    } catch (error) {
      socket.destroy(error as Error);
    }
  }
  return Object.assign(socket, {
    connect,
    setNoDelay: nothing,
    setKeepAlive: nothing,
    ref: nothing,
    unref: nothing,
  });
}

const nothing = () => undefined;
