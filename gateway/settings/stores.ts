/** Settings of the stores; ../settings.ts has the whole table. */
import { setting, url, whole, type Setting } from './setting.ts';

/** A part of the table. */
export const STORE_SETTINGS = {
  database_url: setting(
    'DATABASE_URL',
    url('postgresql:', 'postgres:').optional(),
    'A Postgres server (15 or newer) in place of the embedded store.',
  ),
  database_pool_max: setting(
    'DATABASE_POOL_MAX',
    whole(1, 1_000).default(50),
    'Connections to the server at most. All gateways together must stay below its max_connections.',
  ),
  database_pool_min: setting(
    'DATABASE_POOL_MIN',
    whole(0, 1_000).default(10),
    'Idle connections that are kept, so that a burst does not begin with handshakes.',
  ),
  database_acquire_timeout_ms: setting(
    'DATABASE_ACQUIRE_TIMEOUT_MS',
    whole(10, 60_000).default(3_000),
    'A statement waits this long for a free connection, or for a new one, then answers UNAVAILABLE.',
  ),
  database_statement_timeout_ms: setting(
    'DATABASE_STATEMENT_TIMEOUT_MS',
    whole(50, 600_000).default(10_000),
    'A statement that runs longer is cancelled and answers UNAVAILABLE.',
  ),
  database_lock_timeout_ms: setting(
    'DATABASE_LOCK_TIMEOUT_MS',
    whole(10, 600_000).default(5_000),
    'A statement that waits longer for a lock is cancelled. Keep it below the statement time-out.',
  ),
  database_idle_transaction_timeout_ms: setting(
    'DATABASE_IDLE_TRANSACTION_TIMEOUT_MS',
    whole(1_000, 600_000).default(30_000),
    'The server ends a transaction of ours that does nothing for this long: it would hold back the change feed.',
  ),
  redis_url: setting(
    'REDIS_URL',
    url('redis:', 'rediss:').optional(),
    'A Redis server (7 or newer) that carries live messages between gateways; several need one. Of a cluster: one of its nodes with `?cluster=on`, further ones as `&node=host:port`.',
  ),
  redis_timeout_ms: setting(
    'REDIS_TIMEOUT_MS',
    whole(50, 60_000).default(2_000),
    'A Redis that owes an answer for so long counts as away. Then what is live goes on by LIVE_HEADS_MS.',
  ),
  redis_pending_max: setting(
    'REDIS_PENDING_MAX',
    whole(1, 1_000_000).default(10_000),
    'Live messages on their way to Redis at most; further ones are lost, which costs their followers LIVE_HEADS_MS.',
  ),
  neo4j_url: setting(
    'NEO4J_URL',
    url('bolt:', 'bolt+s:', 'neo4j:', 'neo4j+s:').optional(),
    'A Neo4j server (5 or newer) that answers walks of the graph; SQL does without it, and while it is away. May hold user and password, and `?database=`.',
  ),
  neo4j_timeout_ms: setting(
    'NEO4J_TIMEOUT_MS',
    whole(10, 60_000).default(3_000),
    'A read that Neo4j has not answered by then is asked of SQL instead. With DATABASE_STATEMENT_TIMEOUT_MS it should fit into REQUEST_DEADLINE_MS.',
  ),
  neo4j_connections_max: setting(
    'NEO4J_CONNECTIONS_MAX',
    whole(2, 1_000).default(20),
    'Connections to Neo4j at most. A few are kept for what follows it; so many reads at once as there are others.',
  ),
  neo4j_queue_ms: setting(
    'NEO4J_QUEUE_MS',
    whole(0, 10_000).default(20),
    'A read waits so long for one of these connections, then it is asked of SQL. As many may wait as may read.',
  ),
  neo4j_breaker_failures: setting(
    'NEO4J_BREAKER_FAILURES',
    whole(1, 1_000).default(5),
    'After so many reads in a row that it did not answer, Neo4j is left alone: SQL answers at once.',
  ),
  neo4j_breaker_window_ms: setting(
    'NEO4J_BREAKER_WINDOW_MS',
    whole(100, 600_000).default(30_000),
    'Within this time. Several times NEO4J_TIMEOUT_MS, or reads one after the other are never so many.',
  ),
  neo4j_breaker_open_ms: setting(
    'NEO4J_BREAKER_OPEN_MS',
    whole(10, 600_000).default(5_000),
    'So long it is left alone before the gateway tries again, by a read of its own that nobody waits for.',
  ),
  neo4j_stale_max_ms: setting(
    'NEO4J_STALE_MAX_MS',
    whole(100, 86_400_000).default(10_000),
    'While the graph in Neo4j may be further behind than this, SQL answers: it bounds how old an answer without a consistency token can be.',
  ),
  neo4j_consistency_wait_ms: setting(
    'NEO4J_CONSISTENCY_WAIT_MS',
    whole(0, 10_000).default(50),
    'A read waits so long for Neo4j to have what its consistency token asks for, then it is asked of SQL.',
  ),
  slow_statement_ms: setting(
    'SLOW_STATEMENT_MS',
    whole(1, 600_000).default(500),
    'Log statements that take longer, by name, without their values.',
  ),
} as const satisfies Record<string, Setting>;
