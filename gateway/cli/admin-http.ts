/**
 * Commands over the socket in the data folder, while a gateway has it. Answers are lines of JSON, so that long work
 * tells how far it is:
 *
 *   POST /seed?scale=10k  →  {"told":[100,1000]}  …  {"answer":{"runs":1000,"artifacts":10000}}
 *   POST /graph/write     →  {"answer":{"created":1000,"changed":0,"unchanged":0}}
 *   POST /import          →  {"refused":{"code":"INVALID","message":"…","issues":[…]}}
 */
import { once } from 'node:events';
import { request, type IncomingMessage, type RequestListener } from 'node:http';
import { createInterface } from 'node:readline';
import { Limited, Refusal, Unavailable } from '../../resolvers/errors.ts';
import type { ReadEnd } from '../../resolvers/graph/import/rows.ts';
import type { ImportBatch } from '../../resolvers/graph/import/store.ts';
import { RECORDING_BYTES_MAX } from '../../resolvers/recordings/wfformat.ts';
import { refusalExtensions } from '../errors.ts';
import type { Admin, Told } from './admin.ts';
import { refusalOf, type WireRefusal } from './api.ts';
import { isScale } from './scales.ts';

/** As JSON: several times BATCH_BYTES of a table. */
const GRAPH_BATCH_BYTES_MAX = 32 * 1_048_576;

type Line =
  | { readonly told: Parameters<Told> }
  | { readonly answer: unknown }
  | { readonly refused: WireRefusal };

/** Answers commands. To be mounted on the folder's socket, which only its owner's user can open. */
export function adminListener(admin: Admin): RequestListener {
  return (asked, response) => {
    const say = (line: Line) => response.write(`${JSON.stringify(line)}\n`);
    response.setHeader('content-type', 'application/x-ndjson');
    perform(admin, asked, (...told) => say({ told }))
      .then(
        (answer) => say({ answer: answer ?? null }),
        (error: unknown) => say({ refused: wireOf(error) }),
      )
      .finally(() => response.end());
  };
}

async function perform(admin: Admin, asked: IncomingMessage, told: Told): Promise<unknown> {
  const { pathname, searchParams } = new URL(asked.url ?? '/', 'http://folder');
  const scale = searchParams.get('scale');
  switch (`${asked.method} ${pathname}`) {
    case 'POST /migrate':
      return admin.migrate();
    case 'POST /import':
      return admin.import(await bodyOf(asked, 'the bytes of a recording', RECORDING_BYTES_MAX));
    case 'POST /graph/find':
      return admin.graph.find(await jsonOf<readonly ReadEnd[]>(asked));
    case 'POST /graph/write':
      return admin.graph.write(await jsonOf<ImportBatch>(asked));
    case 'POST /graph/settle':
      return admin.graph.settle();
    case 'POST /seed':
      return admin.seed(scale !== null && isScale(scale) ? scale : null, told);
    case 'POST /doctor':
      return admin.doctor();
    case 'POST /epoch':
      return admin.newEpoch();
    case 'POST /rebuild-graph':
      return admin.rebuildGraph();
    case 'POST /verify-graph':
      return admin.verifyGraph(searchParams.get('repair') === 'on');
    default:
      throw new Refusal('NOT_FOUND', `this gateway knows no command ${pathname}; is it older?`);
  }
}

async function bodyOf(asked: IncomingMessage, what: string, max: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of asked as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > max) throw new Limited(what, max, bytes);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** As `socketAdmin` wrote it: only the folder's own user comes here. */
async function jsonOf<Value>(asked: IncomingMessage): Promise<Value> {
  const body = await bodyOf(asked, 'the bytes of a batch', GRAPH_BATCH_BYTES_MAX);
  return JSON.parse(body.toString('utf8')) as Value;
}

function wireOf(error: unknown): WireRefusal {
  if (!(error instanceof Refusal)) return { code: 'INTERNAL', message: String(error) };
  return { message: error.message, ...(refusalExtensions(error) as { code: string }) };
}

/** The same commands, done by the gateway that listens on this socket. */
export function socketAdmin(socketPath: string): Admin {
  const ask = <Answer>(path: string, told?: Told, body?: Uint8Array) =>
    askSocket<Answer>(socketPath, path, told, body);
  return {
    migrate: () => ask('/migrate'),
    import: (bytes) => ask('/import', undefined, bytes),
    graph: {
      find: (ends) => ask('/graph/find', undefined, bytesOf(ends)),
      write: (batch) => ask('/graph/write', undefined, bytesOf(batch)),
      settle: async () => void (await ask('/graph/settle')),
    },
    seed: (scale, told) => ask(scale === null ? '/seed' : `/seed?scale=${scale}`, told),
    doctor: () => ask('/doctor'),
    newEpoch: () => ask('/epoch'),
    rebuildGraph: () => ask('/rebuild-graph'),
    verifyGraph: (repair) => ask(`/verify-graph?repair=${repair ? 'on' : 'off'}`),
  };
}

function bytesOf(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

async function askSocket<Answer>(
  socketPath: string,
  path: string,
  told?: Told,
  body?: Uint8Array,
): Promise<Answer> {
  const asking = request({ socketPath, path, method: 'POST' });
  asking.end(body);
  try {
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    for await (const text of createInterface({ input: response })) {
      const line = JSON.parse(text) as Line;
      if ('answer' in line) return line.answer as Answer;
      if ('refused' in line) throw refusalOf(line.refused);
      told?.(...line.told);
    }
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) {
      throw new Unavailable('the gateway that has the data folder', error.message, {
        cause: error,
      });
    }
    throw error;
  }
  throw new Unavailable('the gateway that has the data folder', 'it ended before it answered');
}
