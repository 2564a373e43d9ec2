import { expect, test } from 'vitest';
import type { NewEvent } from '../../resolvers/events/log.ts';
import { BATCH_BYTES_MAX, BATCH_EVENTS_MAX, batchEnd, openPace } from './replay-batches.ts';

const event = (at_s: number, payload = {}): NewEvent => ({
  eventId: '00000000-0000-7000-8000-000000000001',
  type: 'LOG_APPENDED',
  occurredAt: new Date(at_s * 1_000),
  payload,
});
const all = () => true;

test('a batch holds so many events and no more', () => {
  const exactly = Array.from({ length: BATCH_EVENTS_MAX }, () => event(0));
  expect(batchEnd(exactly, 0, all)).toBe(BATCH_EVENTS_MAX);
  expect(batchEnd([...exactly, event(0)], 0, all)).toBe(BATCH_EVENTS_MAX);
  expect(batchEnd([...exactly, event(0)], BATCH_EVENTS_MAX, all)).toBe(BATCH_EVENTS_MAX + 1);
});

test('a batch holds so many bytes, but always one event', () => {
  const sized = (bytes: number) => {
    const frame = JSON.stringify(event(0, { text: '' })).length;
    return event(0, { text: 'x'.repeat(bytes - frame) });
  };
  const half = sized(BATCH_BYTES_MAX / 2);
  expect(batchEnd([half, half, half], 0, all)).toBe(2);
  expect(batchEnd([half, sized(BATCH_BYTES_MAX / 2 + 1)], 0, all)).toBe(1);
  expect(batchEnd([sized(BATCH_BYTES_MAX + 1), half], 0, all)).toBe(1);
});

test('a batch ends before the first event that is not due', () => {
  const events = [event(0), event(1), event(2), event(3)];
  expect(batchEnd(events, 0, ({ occurredAt }) => occurredAt.getTime() < 2_000)).toBe(2);
});

test('events are due as recorded, divided by the speed, and later by every pause', () => {
  const pace = openPace(10, event(100), 5_000);
  expect(pace.wait_ms(event(100), 5_000)).toBe(0);
  expect(pace.wait_ms(event(160), 5_000)).toBe(6_000);
  pace.shift(500);
  expect(pace.wait_ms(event(160), 5_000)).toBe(6_500);
  expect(openPace('max', event(100), 5_000).wait_ms(event(9_999), 5_000)).toBe(0);
});
