/** Every setting of the gateway: name, unit, bound, default, reason. docs/CONFIG.md is printed from this table. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { isLoopback } from './limits/origin.ts';
import { EMBEDDER_SETTINGS } from './settings/embedder.ts';
import { setting, whole, type Setting } from './settings/setting.ts';
import { STORE_SETTINGS } from './settings/stores.ts';

const LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;

/** The table. Keys are the names in lower case. */
export const SETTINGS = {
  port: setting(
    'PORT',
    whole(0, 65_535).default(4_000),
    'Listen on this TCP port; 0 takes any free one.',
  ),
  host: setting(
    'HOST',
    z
      .string()
      .refine(
        isLoopback,
        'must be a loopback address (127.0.0.1, ::1 or localhost): whoever reaches the gateway may do everything until it knows identities',
      )
      .default('127.0.0.1'),
    'Listen on this address. Loopback only until identities exist.',
  ),
  data_dir: setting(
    'DATA_DIR',
    z
      .string()
      .default('.polyphony')
      .transform((path) => resolve(path)),
    'Folder of the embedded store; relative to where the process starts. One process at a time.',
  ),
  seed: setting(
    'SEED',
    z.enum(['on', 'off'], 'must be on or off').default('on'),
    'Fill a new embedded store with a few workflows and runs, so that no screen is empty.',
  ),
  ...STORE_SETTINGS,
  ...EMBEDDER_SETTINGS,
  http_body_bytes_max: setting(
    'HTTP_BODY_BYTES_MAX',
    whole(1_024, 268_435_456).default(8_388_608),
    'Refuse larger request bodies (413). The default holds the largest recorded workflow we know, as a JSON string.',
  ),
  http_bodies_bytes_max: setting(
    'HTTP_BODIES_BYTES_MAX',
    whole(1_024, 4_294_967_296).default(134_217_728),
    'Refuse bodies (503) while those being worked on take this much memory together.',
  ),
  http_connections_max: setting(
    'HTTP_CONNECTIONS_MAX',
    whole(1, 100_000).default(4_096),
    'Further connections are closed as they come.',
  ),
  http_receive_timeout_ms: setting(
    'HTTP_RECEIVE_TIMEOUT_MS',
    whole(100, 600_000).default(30_000),
    'A request must have arrived whole within this time (408).',
  ),
  query_tokens_max: setting(
    'QUERY_TOKENS_MAX',
    whole(10, 100_000).default(5_000),
    'Refuse documents with more tokens (LIMITED) before they are read. GraphiQL sends about 400, a large page 1,500.',
  ),
  query_documents_max: setting(
    'QUERY_DOCUMENTS_MAX',
    whole(0, 100_000).default(1_000),
    'Documents remembered with their checks, least recently used first out. Their texts stay below 1,000,000 characters together.',
  ),
  query_depth_max: setting(
    'QUERY_DEPTH_MAX',
    whole(1, 1_000).default(20),
    'Refuse operations with more fields inside fields (LIMITED). What GraphiQL asks of the schema has 15.',
  ),
  query_fields_max: setting(
    'QUERY_FIELDS_MAX',
    whole(1, 1_000_000).default(2_000),
    'Refuse operations with more fields, fragments counted in each of their places (LIMITED).',
  ),
  query_aliases_max: setting(
    'QUERY_ALIASES_MAX',
    whole(0, 1_000_000).default(200),
    'Refuse operations with more aliases (LIMITED).',
  ),
  query_directives_max: setting(
    'QUERY_DIRECTIVES_MAX',
    whole(0, 1_000_000).default(200),
    'Refuse operations with more directives (LIMITED).',
  ),
  query_cost_max: setting(
    'QUERY_COST_MAX',
    whole(1, 1_000_000_000).default(250_000),
    'Refuse operations that may read more objects: the sizes of pages inside pages, multiplied (LIMITED).',
  ),
  request_deadline_ms: setting(
    'REQUEST_DEADLINE_MS',
    whole(50, 600_000).default(15_000),
    'An operation is answered UNAVAILABLE after this time. Longer than a statement may take, so that one slow field does not cost the page.',
  ),
  append_call_events_max: setting(
    'APPEND_CALL_EVENTS_MAX',
    whole(1, 10_000).default(1_000),
    'Refuse append calls with more events (LIMITED): a call is committed whole.',
  ),
  append_call_bytes_max: setting(
    'APPEND_CALL_BYTES_MAX',
    whole(1_024, 67_108_864).default(4_194_304),
    'Refuse append calls with larger payloads together (LIMITED).',
  ),
  append_payload_bytes_max: setting(
    'APPEND_PAYLOAD_BYTES_MAX',
    whole(1_024, 67_108_864).default(1_048_576),
    'Refuse events with a larger payload (LIMITED).',
  ),
  append_queue_calls_max: setting(
    'APPEND_QUEUE_CALLS_MAX',
    whole(1, 1_000_000).default(10_000),
    'Refuse append calls (LIMITED) while so many wait for an answer.',
  ),
  append_queue_bytes_max: setting(
    'APPEND_QUEUE_BYTES_MAX',
    whole(1_024, 4_294_967_296).default(67_108_864),
    'Refuse append calls (LIMITED) while the payloads of those that wait take so much memory.',
  ),
  append_lock_wait_ms: setting(
    'APPEND_LOCK_WAIT_MS',
    whole(10, 60_000).default(2_000),
    'An append waits this long for a run that another transaction keeps locked, then answers UNAVAILABLE.',
  ),
  append_retry_max_ms: setting(
    'APPEND_RETRY_MAX_MS',
    whole(0, 600_000).default(5_000),
    'While the database is away, appends are tried again for this long, then answered UNAVAILABLE.',
  ),
  flush_events_max: setting(
    'FLUSH_EVENTS_MAX',
    whole(1, 100_000).default(1_000),
    'Events committed together at most. Measured: e2e/bench/ingest.',
  ),
  flush_bytes_max: setting(
    'FLUSH_BYTES_MAX',
    whole(1_024, 67_108_864).default(4_194_304),
    'Payloads committed together at most.',
  ),
  heartbeat_grace_ms: setting(
    'HEARTBEAT_GRACE_MS',
    whole(1_000, 86_400_000).default(60_000),
    'A run whose worker is silent for this long ends as CRASHED. Several times the interval of heartbeats.',
  ),
  change_keep_ms: setting(
    'CHANGE_KEEP_MS',
    whole(60_000, 31_536_000_000).default(604_800_000),
    'Changes stay readable for so long: a follower that was away longer starts over.',
  ),
  run_keep_days: setting(
    'RUN_KEEP_DAYS',
    whole(0, 36_500).default(0),
    'Remove finished runs, whole, after so many days; 0 keeps them for ever.',
  ),
  live_heads_ms: setting(
    'LIVE_HEADS_MS',
    whole(50, 60_000).default(1_000),
    'Between two looks at the heads of all followed runs: so long may a change take whose message was lost.',
  ),
  live_heartbeat_ms: setting(
    'LIVE_HEARTBEAT_MS',
    whole(100, 600_000).default(12_000),
    'Pings on WebSockets and comments on event streams, so that idle links are neither cut nor half open.',
  ),
  live_stalled_ms: setting(
    'LIVE_STALLED_MS',
    whole(100, 600_000).default(30_000),
    'A live reader that takes nothing for so long is cut off (1013); it goes on with its last cursor.',
  ),
  live_retry_ms: setting(
    'LIVE_RETRY_MS',
    whole(0, 60_000).default(500),
    'When the gateway drains, event streams are told to come again after this time, up to twice that by chance.',
  ),
  ws_init_wait_ms: setting(
    'WS_INIT_WAIT_MS',
    whole(100, 60_000).default(3_000),
    'Close a socket (4408) that has not sent connection_init within this time.',
  ),
  ws_buffered_bytes_max: setting(
    'WS_BUFFERED_BYTES_MAX',
    whole(1_024, 268_435_456).default(1_048_576),
    'While more waits to be sent on a socket, its subscriptions are read no further.',
  ),
  ws_sockets_max: setting(
    'WS_SOCKETS_MAX',
    whole(1, 1_000_000).default(10_000),
    'Further WebSockets are refused (503).',
  ),
  ws_operations_max: setting(
    'WS_OPERATIONS_MAX',
    whole(1, 100_000).default(100),
    'Operations at the same time on one WebSocket; further ones are LIMITED.',
  ),
  drain_ms: setting(
    'DRAIN_MS',
    whole(0, 600_000).default(10_000),
    'On SIGTERM and SIGINT, wait this long for running requests before their connections are cut.',
  ),
  health_deadline_ms: setting(
    'HEALTH_DEADLINE_MS',
    whole(10, 60_000).default(1_000),
    'A store that does not answer /health/ready within this time counts as away.',
  ),
  log_level: setting(
    'LOG_LEVEL',
    z.enum(LEVELS, `must be one of ${LEVELS.join(', ')}`).default('info'),
    'Write log lines of this level and above.',
  ),
} as const satisfies Record<string, Setting>;
