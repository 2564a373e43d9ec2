/** What every resolver is given: who asks, and what it may use. One per operation. */
import type { PrismaClient } from '../prisma/generated/client.ts';
import type { RunLog } from './events/log.ts';
import type { Position } from './events/feed/position.ts';
import type { GraphReads } from './graph/port.ts';
import type { GraphTold } from './graph/told.ts';
import type { Embedder } from './knowledge/embedder.ts';
import type { Live } from './live/live.ts';
import type { Viewer } from './policy.ts';
import type { Sql } from './sql.ts';
import type { StopSignal } from './stop.ts';

export interface Ctx {
  readonly viewer: Viewer;
  /** Commands: typed writes in one transaction. */
  readonly db: PrismaClient;
  /** Reads, and writes of many rows at once. */
  readonly sql: Sql;
  /** The one way to change a run. */
  readonly log: RunLog;
  /** The graph for one operation, from whichever store can answer it: `ctx.graphFor(ctx)`. */
  readonly graphFor: (ctx: Ctx) => GraphReads;
  /** What the caller has seen, or written: no copy is read that does not have it. Absent: it did not say. */
  readonly consistency?: Position;
  /** Set where the operation is explained. */
  readonly graphTold?: GraphTold;
  /** Makes vectors of texts; null where that is switched off. */
  readonly embedder: Embedder | null;
  /** Aborts when the client left or the deadline passed. */
  readonly signal: StopSignal;
  readonly requestId: string;
  /** Our clock; tests set it. */
  readonly now: () => Date;
}

/** Of an operation that came in by a transport: it may follow as well. */
export interface LiveCtx extends Ctx {
  readonly live: Live;
  /** Where a reader of a live field left off, as its transport tells (Last-Event-ID): wins over `after`. */
  readonly resumeAfter: string | null;
}
