/**
 * Look-ups by key, gathered from all callers: what they ask for in one turn of the event loop is one statement. Under
 * load a turn brings many requests at once, and a statement costs a gateway more than the rows of all of them.
 */
import { Unavailable } from '../../resolvers/errors.ts';
import { PACKED_ROWS_MIN } from '../../resolvers/selected.ts';
import type { LookUp, Statement } from '../../resolvers/sql.ts';
import { Stop, type StopSignal } from '../../resolvers/stop.ts';

/** Keys of one statement: as many as come row by row. Who asks for more asks alone. */
const KEYS_MAX = PACKED_ROWS_MIN - 1;

type Run = <Row>(
  statement: Statement<Row>,
  values: readonly unknown[],
  signal: StopSignal,
) => Promise<Row[]>;

type Found = ReadonlyMap<string, unknown>;

/** Callers of one text and scope who are answered by one statement. */
interface Gathered {
  readonly lookUp: LookUp<unknown>;
  readonly scope: string;
  readonly keys: Set<string>;
  readonly callers: Set<Caller>;
  /** Aborts when the last of them has left: nobody can join them any more. */
  readonly stop: Stop;
}

/**
 * Those of one store. A statement begins after each of its callers has asked: nobody is answered with what was before.
 * Decision 0009 says why.
 */
export class LookUps {
  readonly #run: Run;
  /** What this turn has brought so far: by text, in the order in which they were begun. */
  #open = new Map<string, Gathered[]>();

  constructor(run: Run) {
    this.#run = run;
  }

  /**
   * Rows by key, without an entry for a key that has none; nobody may write to it, since others are answered with the
   * same. Rejects with Unavailable as soon as the caller leaves (the others do not notice), and for all callers with
   * what their statement failed with.
   */
  ask<Row>(
    lookUp: LookUp<Row>,
    scope: string,
    keys: readonly string[],
    signal: StopSignal | undefined,
  ): Promise<ReadonlyMap<string, Row>> {
    const gathered = this.#gather(lookUp, scope, keys);
    return new Promise<Found>((resolve, reject) => {
      const caller = new Caller(gathered, signal, resolve, reject);
      gathered.callers.add(caller);
      if (signal?.aborted) caller.leave();
      else signal?.addEventListener('abort', caller.leave);
    }) as Promise<ReadonlyMap<string, Row>>;
  }

  #gather(lookUp: LookUp<unknown>, scope: string, keys: readonly string[]): Gathered {
    const { text } = lookUp.statementFor(keys.length);
    if (this.#open.size === 0) setImmediate(() => this.#send());
    let ofText = this.#open.get(text);
    if (!ofText) this.#open.set(text, (ofText = []));
    let gathered = ofText.findLast((one) => one.scope === scope);
    if (!gathered || gathered.stop.aborted || gathered.keys.size + keys.length > KEYS_MAX) {
      gathered = { lookUp, scope, keys: new Set(), callers: new Set(), stop: new Stop() };
      ofText.push(gathered);
    }
    for (const key of keys) gathered.keys.add(key);
    return gathered;
  }

  #send(): void {
    const all = [...this.#open.values()].flat();
    // Not cleared: V8 has what a map was lead to what it is, and once one of them is old, all after it live on.
    this.#open = new Map();
    for (const gathered of all) if (gathered.callers.size > 0) void this.#answer(gathered);
  }

  async #answer({ lookUp, scope, keys, callers, stop }: Gathered): Promise<void> {
    try {
      const asked = [...keys];
      const statement = lookUp.statementFor(asked.length);
      const rows = await this.#run(statement, lookUp.valuesOf(asked, scope), stop);
      const found = new Map(rows.map((row) => [lookUp.keyOf(row), row]));
      for (const caller of callers) caller.take(found);
    } catch (error) {
      for (const caller of callers) caller.fail(error);
    }
  }
}

/** One who waits, until it is answered or leaves. */
class Caller {
  readonly #gathered: Gathered;
  readonly #signal: StopSignal | undefined;
  readonly #resolve: (found: Found) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    gathered: Gathered,
    signal: StopSignal | undefined,
    resolve: (found: Found) => void,
    reject: (error: unknown) => void,
  ) {
    this.#gathered = gathered;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  take(found: Found): void {
    this.#signal?.removeEventListener('abort', this.leave);
    this.#resolve(found);
  }

  fail(error: unknown): void {
    this.#signal?.removeEventListener('abort', this.leave);
    this.#reject(error);
  }

  /** Nobody waits for it any more; where it was the last, the statement is ended. */
  readonly leave = (): void => {
    const { callers, stop } = this.#gathered;
    callers.delete(this);
    if (callers.size === 0) stop.abort(this.#signal?.reason);
    this.#reject(new Unavailable('postgres', 'the caller left'));
  };
}
