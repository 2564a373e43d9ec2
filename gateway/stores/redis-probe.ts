/** What a Redis is and how it does, for doctor. */
import type { Redis } from 'ioredis';
import { redactUrl } from '../config-docs.ts';
import type { Finding } from './probe.ts';
import { connectRedis, redisTarget } from './redis.ts';
import { endOf } from './redis-listener.ts';

export interface RedisProbe {
  /** Null when it does not answer. */
  readonly version: string | null;
  readonly cluster: boolean;
  /** Of one command. */
  readonly latency_ms: number | null;
  readonly findings: readonly Finding[];
}

/** The first with sharded pub/sub. */
const MAJOR_min = 7;

/** Asks one server, or the first node of a cluster. Never rejects: what is wrong is a finding. */
export async function probeRedis(url: string, timeout_ms: number): Promise<RedisProbe> {
  const target = redisTarget(url);
  let failure = new Error(`no answer within ${timeout_ms} ms`);
  const redis = connectRedis(target, 'polyphony-doctor', timeout_ms);
  redis.on('error', (error: Error) => (failure = error));
  try {
    await readyOrLate(redis, timeout_ms);
    const began = performance.now();
    const info = await redis.info();
    const latency_ms = performance.now() - began;
    const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown';
    const cluster = /^cluster_enabled:1/m.test(info);
    return { version, cluster, latency_ms, findings: findingsOf(version, cluster, target.cluster) };
  } catch {
    const finding: Finding = {
      level: 'warning',
      what: `Redis at ${redactUrl(url)} does not answer: ${failure.message}. What is live goes on by the look at the heads, slower.`,
      repair: 'Start it, or mend REDIS_URL. The gateway finds it by itself then.',
    };
    return { version: null, cluster: target.cluster, latency_ms: null, findings: [finding] };
  } finally {
    await endOf(redis);
  }
}

function readyOrLate(redis: Redis, timeout_ms: number): Promise<void> {
  return new Promise((done, fail) => {
    const late = setTimeout(() => fail(new Error('late')), timeout_ms);
    redis.once('ready', () => {
      clearTimeout(late);
      done();
    });
  });
}

function findingsOf(version: string, cluster: boolean, named: boolean): Finding[] {
  const findings: Finding[] = [];
  if (Number.parseInt(version, 10) < MAJOR_min) {
    findings.push({
      level: 'problem',
      what: `Redis is ${version}, which has no sharded pub/sub: no message goes from gateway to gateway.`,
      repair: `Use Redis ${MAJOR_min} or newer.`,
    });
  }
  if (cluster !== named) {
    findings.push({
      level: 'problem',
      what: `Redis ${cluster ? 'is a node of a cluster, but REDIS_URL does not say so' : 'is no cluster, but REDIS_URL says so'}.`,
      repair: `${cluster ? 'Add ?cluster=on to' : 'Remove cluster=on from'} REDIS_URL.`,
    });
  }
  return findings;
}
