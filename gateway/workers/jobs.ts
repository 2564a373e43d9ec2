/** Jobs that come again and again, beside the requests: retention, partitions. One gateway at a time does each. */
import { setTimeout as sleep } from 'node:timers/promises';
import { statement, type Sql, type TransactionOptions } from '../../resolvers/sql.ts';

export interface Job {
  readonly name: string;
  /** Between the end of one time and the begin of the next, give or take a fifth. */
  readonly every_ms: number;
  /** Answers what it did, for the log; null for nothing. `signal` aborts when the gateway stops. */
  readonly work: (signal: AbortSignal) => Promise<Readonly<Record<string, unknown>> | null>;
}

export interface JobOptions {
  readonly done: (job: string, did: Readonly<Record<string, unknown>>) => void;
  /** It is tried again when its time comes. */
  readonly failed: (job: string, error: unknown) => void;
  /** Resolves after so long, or rejects on abort. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** 0 to 1; spreads gateways that started together. */
  readonly random?: () => number;
}

export interface Jobs {
  /** Resolves when what runs has ended its batch. */
  stop(): Promise<void>;
}

/** Starts the jobs, each after its first wait. A job that throws is told of and goes on. */
export function startJobs(jobs: readonly Job[], options: JobOptions): Jobs {
  const { wait = (ms, signal) => sleep(ms, undefined, { signal, ref: false }) } = options;
  const { done, failed, random = Math.random } = options;
  const stopping = new AbortController();
  const { signal } = stopping;

  async function repeat({ name, every_ms, work }: Job): Promise<void> {
    while (!signal.aborted) {
      await wait(every_ms * (0.8 + 0.4 * random()), signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        const did = await work(signal);
        if (did) done(name, did);
      } catch (error) {
        failed(name, error);
      }
    }
  }

  const running = Promise.all(jobs.map(repeat));
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** One transaction of a job, or null when another gateway is at this job. `job` is one of JOB_LOCKS. */
export async function alone<T>(
  sql: Sql,
  job: keyof typeof JOB_LOCKS,
  work: (tx: Sql) => Promise<T>,
  options?: TransactionOptions,
): Promise<T | null> {
  return sql.transaction(async (tx) => {
    const [lock] = await tx.query(TRY_LOCK, [LOCK_SPACE, JOB_LOCKS[job]]);
    return lock?.taken ? work(tx) : null;
  }, options);
}

/** Advisory locks of ours that jobs take, in a space of their own. */
const LOCK_SPACE = 0x706f6c79;
const JOB_LOCKS = { changes: 1, keys: 2, runs: 3 } as const;

const TRY_LOCK = statement<{ taken: boolean }>(
  'jobs.tryLock',
  'SELECT pg_try_advisory_xact_lock($1::int, $2::int) AS taken',
);
