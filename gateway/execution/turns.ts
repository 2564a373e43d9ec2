/**
 * Turns of the event loop. A page of events for a thousand readers is seconds of work in which nothing is waited for:
 * without a pause no request would be answered meanwhile, nor a ping.
 */
export interface Turns {
  /** Null while the turn may go on, else resolves in the next one: ask again then, others may have used it up. */
  pause(): Promise<void> | null;
}

/** Well below what a person or a heartbeat notices; some hundred deliveries. */
const TURN_ms = 10;

/** One immediate a turn, and none while nobody asks. */
export function openTurns(now_ms = () => performance.now()): Turns {
  let began_ms = 0;
  let next: Promise<void> | null = null;
  const begin = () => {
    began_ms = now_ms();
    next = new Promise((done) => {
      setImmediate(() => {
        next = null;
        done();
      });
    });
  };
  return {
    pause() {
      if (!next) begin();
      return now_ms() - began_ms < TURN_ms ? null : next;
    },
  };
}
