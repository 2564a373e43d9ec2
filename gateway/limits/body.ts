/** Request bodies, bounded while they stream: one by one, and all that are in memory together. */
import type { IncomingMessage } from 'node:http';
import { Rejected } from '../errors.ts';

export interface BodyLimits {
  /** Of one body. */
  readonly body_bytes_max: number;
  /** Of all bodies being read or answered at one time. */
  readonly bodies_bytes_max: number;
}

/** Gives the bytes of a body back to the bound they share, once it is no longer needed. */
export type Release = () => void;

export interface Bodies {
  /**
   * Reads a body whole. LIMITED (413) past its own bound: the rest is thrown away as it comes, up to four times the
   * bound, since a client that is cut off while it sends does not read why. LIMITED (503) past the common one.
   */
  read(request: IncomingMessage): Promise<{ body: Buffer; release: Release }>;
}

/** One per server: it holds the count of what is in memory. */
export function openBodies({ body_bytes_max, bodies_bytes_max }: BodyLimits): Bodies {
  let held_bytes = 0;
  return {
    read(request) {
      const chunks: Buffer[] = [];
      let seen_bytes = 0;
      let mine_bytes = 0;
      const release = () => {
        held_bytes -= mine_bytes;
        mine_bytes = 0;
      };
      return new Promise((resolve, reject) => {
        const fail = (error: Error) => {
          release();
          request.off('data', take).off('end', end).off('close', cut);
          reject(error);
        };
        const take = (chunk: Buffer) => {
          seen_bytes += chunk.length;
          if (seen_bytes > body_bytes_max * 5) {
            fail(tooLarge(body_bytes_max, seen_bytes));
            request.pause(); // Whoever sends on is cut off once it is answered.
          } else if (seen_bytes > body_bytes_max) {
            chunks.length = 0;
            release();
          } else if (held_bytes + chunk.length > bodies_bytes_max) {
            fail(tooBusy(bodies_bytes_max));
          } else {
            held_bytes += chunk.length;
            mine_bytes += chunk.length;
            chunks.push(chunk);
          }
        };
        const end = () => {
          if (seen_bytes > body_bytes_max) return fail(tooLarge(body_bytes_max, seen_bytes));
          const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, mine_bytes);
          resolve({ body, release });
        };
        const cut = () => {
          if (!request.readableEnded)
            fail(new Error('the connection closed before the body ended'));
        };
        if (request.destroyed) return cut(); // It will tell nothing more.
        request.on('data', take).on('end', end).on('close', cut).on('error', fail);
      });
    },
  };
}

function tooLarge(limit: number, seen: number): Rejected {
  return new Rejected('LIMITED', 413, `a body may be at most ${limit} bytes, got ${seen}`, {
    headers: { connection: 'close' },
    details: { limit, seen },
  });
}

function tooBusy(limit: number): Rejected {
  return new Rejected(
    'LIMITED',
    503,
    `all bodies together may be at most ${limit} bytes; try again`,
    {
      headers: { connection: 'close', 'retry-after': '1' },
      details: { limit },
    },
  );
}
