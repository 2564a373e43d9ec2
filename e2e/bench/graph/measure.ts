/** Short loads on every server in turn, round after round; what each makes of a request, and of the bare driver's. */
import { openLoad } from '../answers/load.ts';
import { percentile } from '../figures.ts';
import type { OperationName, ServerName } from './operations.ts';
import { CONNECTIONS, type RunningServer } from './servers.ts';

export interface Pace {
  readonly rounds: number;
  readonly seconds: number;
  /** Before the first round: compilers of Java and JavaScript take their time. */
  readonly warm_s: number;
}

/** A value for each round: CPU of the server's process per request, Neo4j's beside it, requests per second. */
interface Measured {
  readonly cpu_ms: number[];
  readonly neo4jCpu_ms: number[];
  readonly perSecond: number[];
}

/** What was promised: throughput of ours as a multiple, at least. */
const WANTED: readonly { readonly to: ServerName; readonly min: number }[] = [
  { to: 'bare', min: 0.6 },
  { to: 'neo4j-graphql', min: 3 },
];

export async function measure(
  operation: OperationName,
  servers: readonly RunningServer[],
  neo4jCpu_ms: () => number,
  { rounds, seconds, warm_s }: Pace,
): Promise<{ readonly requests: number }> {
  const results = new Map<ServerName, Measured>(
    servers.map(({ name }) => [name, { cpu_ms: [], neo4jCpu_ms: [], perSecond: [] }]),
  );
  let asked = 0;
  for (const server of servers) {
    const { requests } = await slice(server, operation, warm_s);
    if (server.name === 'ours') asked += requests;
  }
  for (let round = 0; round < rounds; round++) {
    // Each is first, second … in turn.
    for (const [at] of servers.entries()) {
      const server = servers[(at + round) % servers.length]!;
      const before_ms = neo4jCpu_ms();
      const { requests, seconds: took_s, cpu_ms } = await slice(server, operation, seconds);
      if (server.name === 'ours') asked += requests;
      const result = results.get(server.name)!;
      result.cpu_ms.push(cpu_ms / requests);
      result.neo4jCpu_ms.push((neo4jCpu_ms() - before_ms) / requests);
      result.perSecond.push(requests / took_s);
    }
  }
  return { requests: asked, ...shown(operation, results) };
}

/** Asks one server for so long. */
export async function slice(server: RunningServer, operation: OperationName, seconds: number) {
  const load = await openLoad(server.target(operation), CONNECTIONS);
  try {
    return await load.pass(seconds);
  } finally {
    load.close();
  }
}

function shown(operation: OperationName, results: ReadonlyMap<ServerName, Measured>): object {
  const figures = Object.fromEntries(
    [...results].map(([name, { cpu_ms, neo4jCpu_ms, perSecond }]) => [
      name,
      {
        cpu_ms: quartiles(cpu_ms),
        neo4jCpu_ms: quartiles(neo4jCpu_ms),
        perSecond: quartiles(perSecond),
      },
    ]),
  );
  const ours = results.get('ours')!;
  const ratios = WANTED.map(({ to, min }) => {
    const other = results.get(to)!;
    const throughput = quartiles(ours.perSecond.map((each, at) => each / other.perSecond[at]!));
    const cpu = quartiles(ours.cpu_ms.map((each, at) => each / other.cpu_ms[at]!));
    return { to, throughput, min, reached: throughput.median >= min, cpu };
  });
  console.error(operation, JSON.stringify({ figures, ratios }));
  return { ...figures, ratios };
}

/** To three figures. */
export function quartiles(sample: readonly number[]) {
  const at = (share: number) => Number(percentile(sample, share).toPrecision(3));
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}
