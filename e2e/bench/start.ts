/**
 * Time and CPU from the start of the process to ready, on a new and on an existing data folder, and resident memory
 * when idle. Measured from outside: readiness by HTTP, CPU and memory from /proc (Linux).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { median } from './figures.ts';
import { startProcess } from './gateway-process.ts';

const READY_WAIT_ms = 60_000;
const IDLE_ms = 5_000;

interface Start {
  readonly wall_ms: number;
  readonly cpu_ms: number;
  readonly rss_mb: number;
  readonly rssIdle_mb: number;
}

export async function run(args: string[]): Promise<object> {
  const { values } = parseArgs({ args, options: { rounds: { type: 'string', default: '3' } } });
  const fresh: Start[] = [];
  const existing: Start[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const folder = mkdtempSync(join(tmpdir(), 'polyphony-bench-'));
    try {
      fresh.push(await start(folder));
      existing.push(await start(folder));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return {
    aims: { newFolder_ms: 5_000, existingFolder_ms: 1_500, rssIdle_mb: 500 },
    newFolder: medians(fresh),
    existingFolder: medians(existing),
  };
}

async function start(folder: string): Promise<Start> {
  const began = performance.now();
  const gateway = await startProcess({ DATA_DIR: folder, DATABASE_URL: '' });
  try {
    while (!(await isReady(gateway.url))) {
      if (performance.now() - began > READY_WAIT_ms) throw new Error('the gateway was never ready');
      await sleep(10);
    }
    const wall_ms = performance.now() - began;
    const cpu_ms = gateway.cpu_ms();
    const rss_mb = gateway.rss_mb();
    await sleep(IDLE_ms);
    return { wall_ms, cpu_ms, rss_mb, rssIdle_mb: gateway.rss_mb() };
  } finally {
    await gateway.stop();
  }
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/health/ready`).catch(() => null);
  await answer?.body?.cancel();
  return answer?.status === 200;
}

function medians(starts: readonly Start[]): Record<string, number> {
  const keys = ['wall_ms', 'cpu_ms', 'rss_mb', 'rssIdle_mb'] as const;
  return Object.fromEntries(keys.map((key) => [key, median(starts.map((each) => each[key]))]));
}
