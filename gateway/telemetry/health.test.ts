import { expect, test } from 'vitest';
import { openHealth } from './health.ts';

const never = () => new Promise<never>(() => undefined);

test('ready when every store answers; what they say of themselves is shown', async () => {
  const health = openHealth({ postgres: async () => ({ version: '18.4' }) }, 1_000);
  expect(await health.check()).toEqual({
    ready: true,
    draining: false,
    stores: { postgres: { ok: true, ms: expect.any(Number), version: '18.4' } },
  });
});

test('a store that fails or hangs is named with a reason, beside the others, and readiness is gone', async () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const health = openHealth(
    { away: () => Promise.reject(refused), hanging: never, fine: async () => ({}) },
    30,
  );
  expect(await health.check()).toMatchObject({
    ready: false,
    stores: {
      away: { ok: false, reason: 'ECONNREFUSED' },
      hanging: { ok: false, reason: 'no answer within 30 ms' },
      fine: { ok: true },
    },
  });
});

test('a spare store that is away is named, and the gateway is ready without it', async () => {
  const health = openHealth({ postgres: async () => ({}) }, 30, { redis: never });
  expect(await health.check()).toMatchObject({
    ready: true,
    stores: { postgres: { ok: true }, redis: { ok: false, reason: 'no answer within 30 ms' } },
  });
});

test('a store that hangs is not asked again before it answered, and is ready once it does', async () => {
  let asked = 0;
  let answer: (found: object) => void = () => undefined;
  const probe = () => {
    asked += 1;
    return new Promise<Record<string, unknown>>((done) => (answer = done as typeof answer));
  };
  const health = openHealth({ postgres: probe }, 20);
  expect((await health.check()).ready).toBe(false);
  expect((await health.check()).ready).toBe(false);
  expect(asked).toBe(1);
  const checking = health.check();
  answer({});
  expect((await checking).ready).toBe(true);
});

test('while draining nothing is ready, however well the stores are', async () => {
  const health = openHealth({ postgres: async () => ({}) }, 1_000);
  health.drain();
  expect(await health.check()).toMatchObject({
    ready: false,
    draining: true,
    stores: { postgres: { ok: true } },
  });
});
