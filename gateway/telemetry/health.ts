/** Is it ready: every store asked side by side, each with a deadline. */
import { within } from '../limits/deadline.ts';

/** Throws or hangs when the store is away. What it answers is shown: version, mode. */
export type Probe = () => Promise<Readonly<Record<string, unknown>>>;

interface StoreHealth {
  readonly ok: boolean;
  readonly ms: number;
  /** Why not; a sentence, never what a driver says. */
  readonly reason?: string;
  readonly [detail: string]: unknown;
}

interface Health {
  readonly ready: boolean;
  readonly draining: boolean;
  readonly stores: Readonly<Record<string, StoreHealth>>;
}

export interface HealthCheck {
  /** Callers at one time share the probes. Takes `deadline_ms` at most. */
  check(): Promise<Health>;
  /** From now on not ready, whatever the stores say. */
  drain(): void;
}

/** `probes` by the store's name; without those of `spare` stores the gateway is ready all the same. */
export function openHealth(
  probes: Readonly<Record<string, Probe>>,
  deadline_ms: number,
  spare: Readonly<Record<string, Probe>> = {},
): HealthCheck {
  let draining = false;
  const running = new Map<string, ReturnType<Probe>>();

  /** The probe that still runs, if one does: a store that hangs is not asked again and again. */
  function ask(name: string, probe: Probe): ReturnType<Probe> {
    const asked = running.get(name) ?? probe().finally(() => running.delete(name));
    running.set(name, asked);
    return asked;
  }

  async function healthOf([name, probe]: [string, Probe]): Promise<[string, StoreHealth]> {
    return [name, await timed(() => within(deadline_ms, ask(name, probe)))];
  }

  return {
    async check() {
      const all = Object.entries({ ...probes, ...spare });
      const stores = Object.fromEntries(await Promise.all(all.map(healthOf)));
      const ready = !draining && Object.keys(probes).every((name) => stores[name]?.ok);
      return { ready, draining, stores };
    },
    drain() {
      draining = true;
    },
  };
}

async function timed(answer: () => ReturnType<Probe>): Promise<StoreHealth> {
  const began = performance.now();
  const elapsed_ms = () => Math.round((performance.now() - began) * 10) / 10;
  try {
    return { ...(await answer()), ok: true, ms: elapsed_ms() };
  } catch (error) {
    return { ok: false, ms: elapsed_ms(), reason: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  return 'code' in error && typeof error.code === 'string'
    ? error.code
    : error.message.slice(0, 200);
}
