/**
 * Which statements a connection keeps prepared: those that it meets again, the most recent ones. A client that makes up
 * operations makes up column lists with them, so neither the server's memory nor ours may hold what came only once.
 */

export interface PreparedStatements {
  /** The name under which to send a text; undefined where it goes without. */
  nameFor(label: string, text: string): string | undefined;
  /** Has those dropped that were pushed out. To be called between two transactions. */
  dropOld(): void;
}

/** What of pg's connection is used here. */
export interface WireConnection {
  /** Texts that Postgres knows by name. */
  readonly parsedStatements: Record<string, string>;
  close(message: { readonly type: 'S'; readonly name: string }): void;
  sync(): void;
}

/** As pg's queue takes what is no query. */
export interface Submitted {
  submit(connection: WireConnection): null;
  handleReadyForQuery(): void;
  handleError(): void;
}

/** At most `kept_max` prepared on this connection; 0: none. `send` puts it into the connection's queue. */
export function preparedOn(
  kept_max: number,
  send: (message: Submitted) => void,
): PreparedStatements {
  /** Text → its name, null while it was met once; the oldest first. */
  const met = new Map<string, string | null>();
  const old: string[] = [];
  let made = 0;

  return {
    nameFor(label, text) {
      if (kept_max === 0) return undefined;
      const known = met.get(text);
      met.delete(text); // Put back as the newest.
      const name = known === null ? `p${(made += 1)} ${label}`.slice(0, NAME_BYTES_MAX) : known;
      met.set(text, name ?? null);
      if (met.size > kept_max) {
        const [[oldest, dropped]] = met as unknown as [[string, string | null]];
        met.delete(oldest);
        if (dropped !== null) old.push(dropped);
      }
      return name;
    },
    dropOld() {
      for (const name of old.splice(0)) send(closeOf(name));
    },
  };
}

/** Has a statement forgotten; one that Postgres does not know is no error. */
function closeOf(name: string): Submitted {
  return {
    submit(connection) {
      connection.close({ type: 'S', name });
      connection.sync();
      delete connection.parsedStatements[name];
      return null;
    },
    handleReadyForQuery: () => undefined,
    handleError: () => undefined, // The connection is gone, and all with it.
  };
}

/** Postgres cuts longer names off. */
const NAME_BYTES_MAX = 63;
