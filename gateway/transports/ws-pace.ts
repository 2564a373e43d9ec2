/** What waits to be sent on a WebSocket: bounded, whatever its client asks and however little it takes. */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

export interface Pace {
  /** What may wait to be sent on one socket; then its subscriptions are read no further. */
  readonly buffered_bytes_max: number;
  /** A socket that then does not take what waits within so long is closed (1013). */
  readonly stalled_ms: number;
}

const TRY_AGAIN_LATER = 1013;

/** Null when the socket may be sent more, else resolves when it may: its reader is slow. A stalled one is closed. */
export function send(socket: WebSocket, frame: string, pace: Pace): Promise<void> | null {
  if (socket.bufferedAmount <= pace.buffered_bytes_max) {
    socket.send(frame);
    return null;
  }
  return new Promise<void>((done) => {
    const stalled = setTimeout(() => cutOff(socket), pace.stalled_ms);
    socket.send(frame, () => {
      clearTimeout(stalled);
      done();
    });
  });
}

/**
 * Reads no more of a client that asks and does not take its answers: they would grow without bound. A stalled one is
 * closed. Begins at twice what its subscriptions may have waiting, so that one who is merely slow is heard.
 */
export function holdBack(socket: WebSocket, pace: Pace): void {
  if (socket.isPaused || socket.bufferedAmount <= 2 * pace.buffered_bytes_max) return;
  socket.pause();
  const stalled = setTimeout(() => cutOff(socket), pace.stalled_ms);
  socket.ping('', false, () => {
    clearTimeout(stalled); // It took all that came before.
    socket.resume();
  });
}

function cutOff(socket: WebSocket): void {
  socket.close(TRY_AGAIN_LATER, 'Slow reader');
  socket.terminate(); // A stalled peer never answers the close.
}

const corked = new Set<Duplex>();

/** What is written in one turn of the event loop leaves by one system call: to most of them, that is what they cost. */
export function writeTogether(wire: Duplex): void {
  if (corked.has(wire)) return;
  if (corked.size === 0) setImmediate(uncork);
  corked.add(wire);
  wire.cork();
}

function uncork(): void {
  for (const wire of corked) wire.uncork();
  corked.clear();
}
