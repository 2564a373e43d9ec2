/**
 * Embeds what was written, after it was committed: it sweeps once through what is there, then follows the change feed. So
 * no writer waits for an embedder, and none fails with one. One gateway at a time does it: whoever holds the row
 * embedding_state, in which stands how far it is. What was embedded twice, because a holder died, is the same.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CursorExpired, type Invalid } from '../errors.ts';
import { openFeed } from '../events/feed/feed.ts';
import { feedLag } from '../events/feed/feed-lag.ts';
import { formatPosition, parsePosition } from '../events/feed/position.ts';
import { statement, type Sql } from '../sql.ts';
import { embedRows } from './embed-rows.ts';
import { spaceOf, type Embedder, type Space } from './embedder.ts';
import { EMBEDDED_KINDS, ensureIndexes, idsAfter, type EmbeddedKind } from './embeddings.ts';

export interface EmbeddingOptions {
  /** Between two looks at a feed in which there was nothing. */
  readonly look_ms: number;
  /** Whether pgvector shall index them: each then costs some milliseconds to write, and all are not looked through. */
  readonly index: boolean;
  /** It is tried again, after ever longer waits. */
  readonly failed: (error: unknown) => void;
  /** Texts that the embedder refuses; they have no vector. */
  readonly refused?: (kind: EmbeddedKind, id: string, error: Invalid) => void;
}

export interface Embedding {
  /** Resolves when what runs has ended. */
  stop(): Promise<void>;
}

/** Rows, or changes, of one step. */
const STEP_MAX = 256;
/** Who holds the row without a sign for so long has lost it. Longer than a step with a slow embedder. */
const HELD_MS = 120_000;
const WAIT_MAX_MS = 60_000;
const NIL = '00000000-0000-0000-0000-000000000000';

/** Goes on until it is stopped. After a step it rests for as long as that took: requests come first. */
export function startEmbedding(sql: Sql, embedder: Embedder, options: EmbeddingOptions): Embedding {
  const stopping = new AbortController();
  const { signal } = stopping;
  const worker = embeddingSteps(sql, embedder, options);
  const rest = (ms: number) => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);

  async function run(): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const begun = performance.now();
      try {
        const more = await worker.step(signal);
        failures = 0;
        await rest(more ? performance.now() - begun : options.look_ms);
      } catch (error) {
        if (signal.aborted) break;
        failures += 1;
        options.failed(error);
        await rest(Math.min(WAIT_MAX_MS, options.look_ms * 2 ** failures));
      }
    }
    await worker.leave().catch(() => undefined); // Whoever comes next waits until it has lost the row.
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

interface State {
  readonly model: string | null;
  readonly dimension: number | null;
  readonly position: string | null;
  readonly sweep: EmbeddedKind | null;
  readonly sweptId: string | null;
}

/** The steps of one worker, for who has a rhythm of its own. */
export function embeddingSteps(
  sql: Sql,
  embedder: Embedder,
  { refused, index }: Pick<EmbeddingOptions, 'refused' | 'index'>,
) {
  const self = randomUUID();
  const feed = openFeed(sql);
  const work = { sql, embedder, refused };

  async function begin(space: Space): Promise<void> {
    if (index) await ensureIndexes(sql, space);
    const position = formatPosition(await feed.first());
    const { model, dimension } = space;
    await keep({ model, dimension, position, sweep: EMBEDDED_KINDS[0], sweptId: NIL });
  }

  async function keep({ model, dimension, position, sweep, sweptId }: State): Promise<void> {
    await sql.query(KEEP, [self, HELD_MS, model, dimension, position, sweep, sweptId]);
  }

  async function sweepOn(state: State, space: Space, signal: AbortSignal): Promise<void> {
    const kind = state.sweep!;
    const ids = await idsAfter(sql, kind, state.sweptId ?? NIL, STEP_MAX);
    await embedRows(work, kind, ids, space, signal);
    const next = EMBEDDED_KINDS[EMBEDDED_KINDS.indexOf(kind) + 1] ?? null;
    const done = ids.length < STEP_MAX;
    await keep({ ...state, sweep: done ? next : kind, sweptId: done ? NIL : ids.at(-1)! });
  }

  /** Answers whether there is more. */
  async function follow(state: State, space: Space, signal: AbortSignal): Promise<boolean> {
    const position = parsePosition(state.position!);
    const page = await feed.page(position, STEP_MAX, { kinds: EMBEDDED_KINDS });
    for (const kind of EMBEDDED_KINDS) {
      const there = page.changes.filter((change) => change.kind === kind && !change.gone);
      await embedRows(work, kind, [...new Set(there.map(({ id }) => id))], space, signal);
    }
    const next = formatPosition(page.next);
    if (next !== state.position) await keep({ ...state, position: next });
    return page.more;
  }

  return {
    /** Answers whether there may be more at once. Does nothing while another holds the row. */
    async step(signal: AbortSignal): Promise<boolean> {
      const [state] = await sql.query(TAKE, [self, HELD_MS]);
      if (!state) return false;
      const space = await spaceOf(embedder);
      const isOther = state.model !== space.model || state.dimension !== space.dimension;
      if (isOther || state.position === null) {
        await begin(space);
        return true;
      }
      if (state.sweep !== null) {
        await sweepOn(state, space, signal);
        return true;
      }
      try {
        return await follow(state, space, signal);
      } catch (error) {
        if (!(error instanceof CursorExpired)) throw error;
        await begin(space);
        return true;
      }
    },
    /** Lets another take the row at once. */
    async leave(): Promise<void> {
      await sql.query(LEAVE, [self]);
    },
  };
}

/** How far vectors are behind: the age of the oldest change without its vector. Null while a sweep is not through. */
export async function embeddingLag_ms(sql: Sql): Promise<number | null> {
  const [state] = await sql.query(READ);
  if (!state?.position || state.sweep !== null) return null;
  return (await feedLag(sql, parsePosition(state.position))).lag_ms;
}

const COLUMNS = 'model, dimension, position, sweep, swept_id AS "sweptId"';
const UNTIL = `clock_timestamp() + make_interval(secs => $2::float8 / 1000)`;

/** No row while another holds it. */
const TAKE = statement<State>(
  'embeddings.take',
  `INSERT INTO embedding_state AS s (id, holder, held_until) VALUES (1, $1, ${UNTIL})
  ON CONFLICT (id) DO UPDATE SET holder = $1, held_until = ${UNTIL}
  WHERE s.holder = $1 OR s.held_until < clock_timestamp()
  RETURNING ${COLUMNS}`,
);
const KEEP = statement(
  'embeddings.keep',
  `UPDATE embedding_state SET held_until = ${UNTIL}, model = $3, dimension = $4, position = $5, sweep = $6, swept_id = $7
  WHERE id = 1 AND holder = $1`,
);
const LEAVE = statement(
  'embeddings.leave',
  'UPDATE embedding_state SET held_until = to_timestamp(0) WHERE id = 1 AND holder = $1',
);
const READ = statement<State>(
  'embeddings.state',
  `SELECT ${COLUMNS} FROM embedding_state WHERE id = 1`,
);
