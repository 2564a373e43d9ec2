/** The context of one operation: the stores that are open, for the viewer who asks. */
import type { LiveCtx } from '../resolvers/context.ts';
import type { RunLog } from '../resolvers/events/log.ts';
import type { Live } from '../resolvers/live/live.ts';
import { LOCAL_VIEWER } from '../resolvers/policy.ts';
import type { Asker } from './execution/answer.ts';
import type { StopSignal } from '../resolvers/stop.ts';
import { graphOverSql } from './stores/graph-sql.ts';
import type { Store } from './stores/postgres.ts';

/** Makes a new context: loaders live as long as it does. Until identity exists the viewer is the local one. */
export function contextMaker(
  store: Pick<Store, 'db' | 'sqlFor'>,
  log: RunLog,
  live: Live,
  parts: Pick<LiveCtx, 'graphFor' | 'embedder'>,
): (asker: Asker, signal: StopSignal) => LiveCtx {
  return ({ resumeAfter = null, requestId, truthOnly }, signal) => ({
    viewer: LOCAL_VIEWER,
    db: store.db,
    sql: store.sqlFor(signal),
    log,
    graphFor: truthOnly ? graphOverSql : parts.graphFor,
    embedder: parts.embedder,
    live,
    resumeAfter,
    signal,
    requestId,
    now,
  });
}

function now(): Date {
  return new Date();
}
