/** What a gateway counts, as it prints it. */

/**
 * A metric by its name and labels as they stand in the text, without `polyphony_`; 0 where one with labels has not
 * counted yet. Throws for a name without labels that is not there: it was renamed.
 */
export async function metricOf(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((found) => found.startsWith(`polyphony_${name} `));
  if (!line && !name.includes('{')) throw new Error(`there is no metric polyphony_${name}`);
  return Number(line?.split(' ').at(-1) ?? 0);
}

/** How often a statement was run: each is named. */
export function statementsOf(url: string, statement: string): Promise<number> {
  const labels = `store="postgres",statement="${statement}"`;
  return metricOf(url, `store_call_seconds_count{${labels}}`);
}
