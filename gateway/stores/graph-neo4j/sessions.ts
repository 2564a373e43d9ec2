/** Connections to Neo4j: a deadline that holds even where the server says nothing, and what is dead is given up. */
import neo4j, { type Driver, type Session } from 'neo4j-driver';
import { Unavailable } from '../../../resolvers/errors.ts';

export interface Sessions {
  /** What `work` answers on a session of its own. Throws Unavailable past `limit_ms`. */
  use<T>(
    mode: 'READ' | 'WRITE',
    limit_ms: number,
    work: (session: Session) => Promise<T>,
  ): Promise<T>;
  close(): Promise<void>;
}

export interface SessionSettings {
  readonly url: string;
  readonly timeout_ms: number;
  readonly connections_max: number;
}

/** How much longer than we wait a server may take to end a transaction: it looks for late ones every 2 seconds. */
const GRACE_ms = 5_000;

/** Connects when first needed. */
export function openSessions(settings: SessionSettings): Sessions {
  const target = neo4jTarget(settings.url);
  let driver = connect(target, settings);

  /**
   * What a server owes an answer for longer than it may is on a connection that is dead, or a server that hangs: all
   * connections are made anew, or they would stay lent for as long as TCP takes to notice.
   */
  function abandon(dead: Driver): void {
    if (dead !== driver) return;
    driver = connect(target, settings);
    void dead.close().catch(() => undefined);
  }

  async function use<T>(
    defaultAccessMode: 'READ' | 'WRITE',
    limit_ms: number,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    const used = driver;
    const opened = used.session({ database: target.database, defaultAccessMode });
    const answer = work(opened).finally(() => void opened.close().catch(() => undefined));
    return within(limit_ms, answer, () => abandon(used));
  }

  return { use, close: () => driver.close() };
}

interface Target {
  readonly url: string;
  readonly auth: ReturnType<typeof neo4j.auth.basic> | undefined;
  readonly database: string;
}

function neo4jTarget(text: string): Target {
  const url = new URL(text);
  const { username, password } = url;
  const database = url.searchParams.get('database') ?? 'neo4j';
  url.searchParams.delete('database');
  url.username = '';
  url.password = '';
  const auth = username
    ? neo4j.auth.basic(decodeURIComponent(username), decodeURIComponent(password))
    : undefined;
  return { url: url.href, auth, database };
}

function connect({ url, auth }: Target, settings: SessionSettings): Driver {
  return neo4j.driver(url, auth, {
    userAgent: 'polyphony',
    maxConnectionPoolSize: settings.connections_max,
    connectionTimeout: settings.timeout_ms,
    connectionAcquisitionTimeout: settings.timeout_ms,
    maxTransactionRetryTime: 0, // Tries are counted here.
    disableLosslessIntegers: true,
    fetchSize: -1, // Answers are bounded: in one piece.
    notificationFilter: { minimumSeverityLevel: 'OFF' },
    telemetryDisabled: true,
  });
}

/** The answer, or Unavailable past the deadline; `dead` is called when not even then anything comes. */
export async function within<T>(
  limit_ms: number,
  answer: Promise<T>,
  dead: () => void,
): Promise<T> {
  let late: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    late = setTimeout(() => {
      late = setTimeout(dead, GRACE_ms).unref();
      reject(new Unavailable('neo4j', `no answer within ${limit_ms} ms`));
    }, limit_ms);
  });
  const settled = () => clearTimeout(late);
  answer.then(settled, settled);
  return Promise.race([answer, deadline]);
}
