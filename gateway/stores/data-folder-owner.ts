/** Asks the process behind a socket who it is. */
import { request } from 'node:http';
import { basename } from 'node:path';

/** The process that has a data folder. */
export interface Owner {
  readonly pid: number;
  /** Where it serves; null when it does not (a tool at work), or does not say. */
  readonly url: string | null;
  readonly socketPath: string;
}

/** An owner that lives but is too busy to answer is still the owner, ms. */
const ANSWER_ms = 2_000;

/** The owner that listens there, or null when nobody does. Takes ANSWER_ms at most. */
export function askOwner(socketPath: string): Promise<Owner | null> {
  // The socket is named by its maker's process id: known even when it does not answer.
  const silent = {
    pid: parseInt(basename(socketPath).replace('polyphony-', ''), 10),
    url: null,
    socketPath,
  };
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/owner', timeout: ANSWER_ms }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => resolve(silent));
      response.on('end', () => {
        const { pid, url } = parse(Buffer.concat(chunks).toString());
        resolve({ pid: pid ?? silent.pid, url: url ?? null, socketPath });
      });
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'ECONNREFUSED' || error.code === 'ENOENT' ? null : silent);
    });
    asked.end();
  });
}

function parse(text: string): { pid?: number; url?: string | null } {
  try {
    return JSON.parse(text) as { pid?: number; url?: string | null };
  } catch {
    return {};
  }
}
