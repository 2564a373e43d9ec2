import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { drainOnSignal, type Signals } from './signals.ts';

function setUp() {
  const emitter = new EventEmitter();
  const exits: number[] = [];
  const signals = Object.assign(emitter, { exit: (code: number) => exits.push(code) }) as Signals;
  let drained: () => void = () => undefined;
  const drains: string[] = [];
  const gateway = {
    drain() {
      drains.push('drain');
      return new Promise<boolean>((done) => (drained = () => done(true)));
    },
  };
  return { emitter, exits, signals, drains, gateway, end: () => drained() };
}

test.each(['SIGINT', 'SIGTERM'])('%s drains, and the wait ends when that is done', async (name) => {
  const { emitter, exits, signals, drains, gateway, end } = setUp();
  const waiting = drainOnSignal(gateway, signals);
  expect(drains).toEqual([]);
  emitter.emit(name);
  await expect.poll(() => drains).toEqual(['drain']);
  end();
  expect(await waiting).toBe(true);
  expect(exits).toEqual([]);
  expect(emitter.listenerCount('SIGINT') + emitter.listenerCount('SIGTERM')).toBe(0);
});

test('a second signal ends at once, without a second drain', async () => {
  const { emitter, exits, signals, drains, gateway } = setUp();
  void drainOnSignal(gateway, signals);
  emitter.emit('SIGTERM');
  await expect.poll(() => drains).toEqual(['drain']);
  emitter.emit('SIGINT');
  expect(exits).toEqual([130]);
  expect(drains).toEqual(['drain']);
});
