/** Short loads on every server in turn, round after round, so that what the machine does meanwhile meets all alike. */
import { openLoad, type Slice } from './load.ts';
import type { OperationName } from './operations.ts';
import { CONNECTIONS, type RunningServer, type ServerName } from './servers.ts';

/** Before the first round: compilers of JavaScript take their time. */
const WARM_s = 2;
/** At the head of each slice: what has cooled down meanwhile. */
const OPEN_s = 0.2;

export interface Pace {
  readonly rounds: number;
  readonly seconds: number;
}

/** CPU of the server's process per request, and requests per second, a value for each round. */
export interface Measured {
  readonly cpu_ms: readonly number[];
  readonly perSecond: readonly number[];
}

export async function measure(
  operation: OperationName,
  servers: readonly RunningServer[],
  { rounds, seconds }: Pace,
): Promise<ReadonlyMap<ServerName, Measured>> {
  const slices = new Map(servers.map(({ name }) => [name, [] as Slice[]]));
  for (const server of servers) await slice(server, operation, WARM_s);
  for (let round = 0; round < rounds; round++) {
    // Each is first, second … in turn.
    const turn = servers.map((_, at) => servers[(at + round) % servers.length]!);
    for (const server of turn)
      slices.get(server.name)!.push(await slice(server, operation, seconds));
  }
  return new Map([...slices].map(([name, taken]) => [name, measured(taken)]));
}

/** One load on one server, once it has run a little. */
export async function slice(
  server: RunningServer,
  operation: OperationName,
  seconds: number,
): Promise<Slice> {
  const load = await openLoad(server.target(operation), CONNECTIONS);
  try {
    await load.pass(OPEN_s);
    return await load.pass(seconds);
  } finally {
    load.close();
  }
}

function measured(slices: readonly Slice[]): Measured {
  return {
    cpu_ms: slices.map(({ cpu_ms, requests }) => cpu_ms / requests),
    perSecond: slices.map(({ requests, seconds }) => requests / seconds),
  };
}
