/**
 * The floor: node:http and the driver, with the very Cypher of the gateway, and the driver as that has it. TEXTS names a file with a text for each
 * path; what is posted are its parameters.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import neo4j from 'neo4j-driver';
import { listen, setting } from '../../answers/servers/listen.ts';

const texts = JSON.parse(readFileSync(setting('TEXTS'), 'utf8')) as Record<string, string>;
const driver = neo4j.driver(setting('NEO4J_URL'), undefined, {
  maxConnectionPoolSize: Number(setting('CONNECTIONS')),
  disableLosslessIntegers: true,
  fetchSize: -1,
  notificationFilter: { minimumSeverityLevel: 'OFF' },
  telemetryDisabled: true,
});

/** A whole number goes as the driver's own, which JSON has as two halves. */
function revive(_name: string, value: unknown): unknown {
  return isHalves(value) ? neo4j.int(value as never) : value;
}

function isHalves(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'low' in value && 'high' in value;
}

async function answer(path: string, body: string): Promise<string> {
  const session = driver.session({ defaultAccessMode: neo4j.session.READ });
  try {
    const p = JSON.parse(body, revive) as object;
    const { records } = await session.run(texts[path]!, { p });
    return JSON.stringify(records.map((record) => record.toObject()));
  } finally {
    await session.close();
  }
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString();
    answer(request.url ?? '', body)
      .then((text) =>
        response
          .writeHead(200, {
            'content-type': 'application/json; charset=utf-8',
            'content-length': Buffer.byteLength(text),
          })
          .end(text),
      )
      .catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
});
listen(server);
