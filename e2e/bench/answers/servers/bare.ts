/**
 * The floor of all: node:http and nothing else. It reads what is posted and answers what the gateway answered once,
 * from memory: ANSWERS names a file with a text for each path.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { listen, setting } from './listen.ts';

const texts = JSON.parse(readFileSync(setting('ANSWERS'), 'utf8')) as Record<string, string>;
const bodies = new Map(Object.entries(texts).map(([path, text]) => [path, Buffer.from(text)]));

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = bodies.get(request.url ?? '');
    response.writeHead(body ? 200 : 404, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': body?.length ?? 0,
    });
    response.end(body);
  });
});
listen(server);
