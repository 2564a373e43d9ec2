/**
 * Commands over the socket in the data folder, while a gateway has it. Answers are lines of JSON, so that long work
 * tells how far it is:
 *
 *   POST /seed?scale=10k  →  {"told":[100,1000]}  …  {"answer":{"runs":1000,"artifacts":10000}}
 *   POST /import          →  {"refused":{"code":"INVALID","message":"…","issues":[…]}}
 */
import { once } from 'node:events';
import { request, type IncomingMessage, type RequestListener } from 'node:http';
import { createInterface } from 'node:readline';
import { Limited, Refusal, Unavailable } from '../../resolvers/errors.ts';
import { RECORDING_BYTES_MAX } from '../../resolvers/recordings/wfformat.ts';
import { refusalExtensions } from '../errors.ts';
import type { Admin, Told } from './admin.ts';
import { refusalOf, type WireRefusal } from './api.ts';
import { isScale } from './scales.ts';

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
      return admin.import(await bodyOf(asked));
    case 'POST /seed':
      return admin.seed(scale !== null && isScale(scale) ? scale : null, told);
    case 'POST /doctor':
      return admin.doctor();
    case 'POST /epoch':
      return admin.newEpoch();
    default:
      throw new Refusal('NOT_FOUND', `this gateway knows no command ${pathname}; is it older?`);
  }
}

async function bodyOf(asked: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of asked as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > RECORDING_BYTES_MAX) {
      throw new Limited('the bytes of a recording', RECORDING_BYTES_MAX, bytes);
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
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
    seed: (scale, told) => ask(scale === null ? '/seed' : `/seed?scale=${scale}`, told),
    doctor: () => ask('/doctor'),
    newEpoch: () => ask('/epoch'),
  };
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
