/** Request bodies, bounded while they stream: one by one, and all that are in memory together. */
import type { IncomingMessage } from 'node:http';
import { Rejected } from '../errors.ts';

/** In bytes; a body just as large is taken. */
export interface BodyLimits {
  /** Of one body. */
  readonly body_bytes_max: number;
  /** Of all bodies being read or answered at one time. */
  readonly bodies_bytes_max: number;
}

/** Is told the body, which is to be released, or why there is none: once, and at once where the client is gone already. */
type Told = (read: Body | Error) => void;

/** A body that is in memory. */
export interface Body {
  readonly bytes: Buffer;
  /** Gives them back to the bound that all bodies share, once they are no longer needed. */
  release(): void;
}

export interface Bodies {
  /**
   * Reads a body whole. LIMITED (413) past its own bound: the rest is thrown away as it comes, up to four times the
   * bound, since a client that is cut off while it sends does not read why. LIMITED (503) past the common one. INVALID
   * (400) where the connection closes before it has ended.
   */
  read(request: IncomingMessage, told: Told): void;
}

/** One per server: it holds the count of what is in memory. */
export function openBodies(limits: BodyLimits): Bodies {
  const common: Common = { ...limits, held_bytes: 0 };
  return {
    read(request, told) {
      const reading = new Reading(common, request, told);
      if (request.destroyed) return reading.cut(); // It will tell nothing more.
      const { chunk, end, cut } = reading;
      request.on('data', chunk).on('end', end).on('close', cut).on('error', cut);
    },
  };
}

/** What all bodies share. */
interface Common extends BodyLimits {
  held_bytes: number;
}

/** One body. */
class Reading implements Body {
  bytes: Buffer = NOTHING;
  readonly #common: Common;
  readonly #request: IncomingMessage;
  #told: Told | null;
  #seen_bytes = 0;
  #mine_bytes = 0;

  constructor(common: Common, request: IncomingMessage, told: Told) {
    this.#common = common;
    this.#request = request;
    this.#told = told;
  }

  release(): void {
    this.#common.held_bytes -= this.#mine_bytes;
    this.#mine_bytes = 0;
  }

  readonly chunk = (chunk: Buffer): void => {
    if (!this.#told) return;
    const { body_bytes_max, bodies_bytes_max } = this.#common;
    this.#seen_bytes += chunk.length;
    if (this.#seen_bytes > body_bytes_max * (1 + THROWN_AWAY_MAX)) {
      this.#fail(tooLarge(body_bytes_max, this.#seen_bytes));
      this.#request.pause(); // Whoever sends on is cut off once it is answered.
    } else if (this.#seen_bytes > body_bytes_max) {
      this.#drop();
    } else if (this.#common.held_bytes + chunk.length > bodies_bytes_max) {
      this.#fail(tooBusy(bodies_bytes_max));
    } else this.#keep(chunk);
  };

  readonly end = (): void => {
    const told = this.#told;
    if (!told) return;
    const { body_bytes_max } = this.#common;
    if (this.#seen_bytes > body_bytes_max) {
      this.#fail(tooLarge(body_bytes_max, this.#seen_bytes));
      return;
    }
    if (this.bytes.length > this.#mine_bytes) this.bytes = this.bytes.subarray(0, this.#mine_bytes);
    this.#told = null;
    told(this);
  };

  readonly cut = (): void => this.#fail(CUT);

  #fail(error: Error): void {
    const told = this.#told;
    if (!told) return;
    this.#told = null;
    this.#drop();
    told(error);
  }

  #keep(chunk: Buffer): void {
    const before_bytes = this.#mine_bytes;
    this.#common.held_bytes += chunk.length;
    this.#mine_bytes += chunk.length;
    if (before_bytes === 0) {
      this.bytes = chunk; // Most come in one.
      return;
    }
    if (this.bytes.length < this.#mine_bytes) this.#grow();
    chunk.copy(this.bytes, before_bytes);
  }

  /** At least to what is counted. Kept chunks would cost some 300 bytes each, however small a client makes them. */
  #grow(): void {
    const roomy_bytes = Math.min(2 * this.#mine_bytes, this.#common.body_bytes_max);
    const grown = Buffer.allocUnsafe(roomy_bytes);
    this.bytes.copy(grown);
    this.bytes = grown;
  }

  #drop(): void {
    this.bytes = NOTHING;
    this.release();
  }
}

const NOTHING = Buffer.alloc(0);
/** Times the bound of a body. */
const THROWN_AWAY_MAX = 4;

const CUT = new Rejected('INVALID', 400, 'the connection closed before the body ended');

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
