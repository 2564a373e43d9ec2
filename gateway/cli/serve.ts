/** `polyphony serve`. */
import { parseConfig, type Environment } from '../config.ts';
import { startGateway } from '../gateway.ts';
import { drainOnSignal } from '../signals.ts';
import { EXIT } from './exit.ts';

/** Serves until a signal came and everything that was taken has been answered. */
export async function serve(environment: Environment): Promise<number> {
  const gateway = await startGateway(parseConfig(environment));
  process.stderr.write(bannerOf(gateway.url, gateway.uses));
  await drainOnSignal(gateway);
  return EXIT.done;
}

function bannerOf(url: string, uses: readonly string[]): string {
  return `
  Polyphony serves ${url}

    GraphiQL   ${url}/graphql
    graph      ${url}/graphql (POST)
    health     ${url}/health/ready, metrics at ${url}/metrics
    uses       ${uses.join(', ')}

  Something to look at: npx polyphony replay e2e/samples/*
  Ctrl-C lets running requests end, then stops.

`;
}
