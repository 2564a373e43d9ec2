/** What is kept of a body while it streams. */
import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { openBodies } from './body.ts';

test('of a body in many chunks nothing is kept but its bytes, not the chunks they came in', () => {
  const bodies = openBodies({ body_bytes_max: 100, bodies_bytes_max: 100 });
  const request = new EventEmitter();
  let read: unknown;
  bodies.read(request as IncomingMessage, (body) => {
    read = body instanceof Error ? body : body.bytes.toString();
  });
  request.emit('data', Buffer.from('{'));
  const chunk = Buffer.alloc(1);
  for (let at = 0; at < 98; at += 1) request.emit('data', chunk.fill(97 + (at % 26)));
  request.emit('data', Buffer.from('}'));
  request.emit('end');
  expect(read).toBe(`{${'abcdefghijklmnopqrstuvwxyz'.repeat(4).slice(0, 98)}}`);
});
