/** Statements that one request of each operation runs, by name: what the gateway itself counts, exactly. */
import { bodiesOf, OPERATION_NAMES, type OperationName } from './operations.ts';

export type Counts = Readonly<Record<OperationName, Readonly<Record<string, number>>>>;

/** So many requests one after the other; what the gateway runs beside them now and then is less often than that. */
const REQUESTS = 50;

/** `url`: of a gateway that nobody else asks. `runId`: of a run that is there. */
export async function countStatements(url: string, runId: string): Promise<Counts> {
  const counted = new Map<OperationName, Record<string, number>>();
  for (const operation of OPERATION_NAMES) {
    const [body] = bodiesOf(operation, 'plain', [runId]);
    await post(url, body!); // What is done once, such as checking the document, is done.
    const before = await calls(url);
    for (let request = 0; request < REQUESTS; request++) await post(url, body!);
    const counts = [...(await calls(url))].map(([name, count]) => {
      return [name, Math.floor((count - (before.get(name) ?? 0)) / REQUESTS)] as const;
    });
    const run = counts.filter(([, count]) => count > 0);
    counted.set(operation, Object.fromEntries(run.toSorted(([a], [b]) => (a < b ? -1 : 1))));
  }
  return Object.fromEntries(counted) as unknown as Counts;
}

async function post(url: string, body: string): Promise<void> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const { errors } = (await response.json()) as { errors?: { message: string }[] };
  if (errors) throw new Error(errors.map(({ message }) => message).join('; '));
}

const CALLS = /^polyphony_store_call_seconds_count\{store="postgres",statement="([^"]*)"\} (\d+)$/;

async function calls(url: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const found = text.split('\n').flatMap((line) => {
    const [, name, count] = CALLS.exec(line) ?? [];
    return name === undefined ? [] : [[name, Number(count)] as const];
  });
  if (found.length === 0)
    throw new Error('the gateway tells of no statement: was the metric renamed?');
  return new Map(found);
}
