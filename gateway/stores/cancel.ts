/** Cancels what a client runs, the way psql's Ctrl-C does: a request on a connection of its own. */
import { Connection, type Pool, type PoolClient } from 'pg';

/** A request that takes longer is given up. */
const REQUEST_ms = 1_000;

/**
 * Resolves when the server has taken the request, or it could not be sent: never rejects. Until then the client
 * must not be given another statement, which would be hit instead. Does nothing when nothing runs.
 */
export function cancelStatement(pool: Pool, client: PoolClient): Promise<void> {
  const { host, port, processID, secretKey, connection } = client as unknown as ClientParts;
  const { ssl } = connection;
  const { stream } = pool.options;
  return new Promise((resolve) => {
    const request = new Connection({ ssl, ...(stream ? { stream } : {}) }) as RequestConnection;
    const timer = setTimeout(() => request.stream.destroy(), REQUEST_ms);
    request.on('error', () => undefined); // It ends as well.
    request.once('end', () => {
      clearTimeout(timer);
      resolve(); // The server closes without a word once it has sent the signal.
    });
    const cancel = () => request.cancel(processID, secretKey);
    request.once('connect', ssl ? () => request.requestSsl() : cancel);
    request.once('sslconnect', cancel);
    if (host.startsWith('/')) request.connect(`${host}/.s.PGSQL.${port}`);
    else request.connect(port, host);
  });
}

/** Of pg's client, but not in its types. */
interface ClientParts {
  readonly host: string;
  readonly port: number;
  readonly processID: number;
  readonly secretKey: number;
  readonly connection: { readonly ssl: boolean };
}

/** Of pg's connection, but not in its types. */
interface RequestConnection extends Connection {
  connect(portOrPath: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processId: number, secretKey: number): void;
}
