/** What commands do to the stores themselves, wherever they are open: here, or in the gateway that has the folder. */
import { randomUUID } from 'node:crypto';
import type { Ctx } from '../../resolvers/context.ts';
import { newEpoch } from '../../resolvers/events/feed/epoch.ts';
import type { RunLog } from '../../resolvers/events/log.ts';
import { Invalid } from '../../resolvers/errors.ts';
import {
  settleGraph,
  findEnds,
  writeImported,
  type ImportStore,
} from '../../resolvers/graph/import/store.ts';
import { LOCAL_VIEWER } from '../../resolvers/policy.ts';
import { rebuildGraph, type StepParts } from '../../resolvers/projectors/graph-step.ts';
import {
  verifyGraph,
  type Difference,
  type Verified,
} from '../../resolvers/projectors/graph-verify.ts';
import { importRecording, type Imported } from '../../resolvers/recordings/import.ts';
import { seedLargeWorld } from '../../resolvers/seed/large-world.ts';
import { seedSmallWorld } from '../../resolvers/seed/small-world.ts';
import { graphOverSql } from '../stores/graph-sql.ts';
import type { Store } from '../stores/postgres.ts';
import { diagnose, type Diagnosis, type OtherStores } from './diagnosis.ts';
import { SEED_SCALES, type SeedScale } from './scales.ts';

/** How far a long piece of work is. */
export type Told = (done: number, total: number) => void;

export interface Admin {
  /** Applies what is missing; answers its names. */
  migrate(): Promise<readonly string[]>;
  /** One recording as history. Refuses as importRecording does. */
  import(bytes: Uint8Array): Promise<Imported>;
  /** Where `import-graph` goes. */
  readonly graph: ImportStore;
  /** The small world without a scale. Answers with what there is of it now, or was added to the small one. */
  seed(scale: SeedScale | null, told: Told): Promise<Readonly<Record<string, number>>>;
  doctor(): Promise<Diagnosis>;
  /** Begins an epoch of the change feed; answers it. */
  newEpoch(): Promise<number>;
  /** Brings all of the graph to Neo4j anew, and ends when that is done. Invalid where there is none. */
  rebuildGraph(): Promise<void>;
  /** Compares the graph in Neo4j with the rows, and mends what differs if that is asked for. */
  verifyGraph(repair: boolean): Promise<VerifiedGraph>;
}

export interface VerifiedGraph extends Verified {
  /** The first DIFFERENCES_SHOWN_MAX of them. */
  readonly shown: readonly Difference[];
}

const DIFFERENCES_SHOWN_MAX = 1_000;

/** On an open store; of the settings, those of the other stores. `graph`: null where there is no Neo4j. */
export function storeAdmin(
  store: Store,
  log: RunLog,
  settings: OtherStores,
  graph: StepParts | null,
): Admin {
  const projected = () => {
    if (graph) return graph;
    throw new Invalid(
      'NEO4J_URL',
      'is not set: the graph is walked in SQL, and nothing is kept beside',
    );
  };
  const context = (): Ctx => ({
    viewer: LOCAL_VIEWER,
    db: store.db,
    sql: store.sql,
    log,
    graphFor: graphOverSql,
    embedder: null,
    signal: new AbortController().signal, // Nothing ends a command halfway: its transaction is whole or not there.
    requestId: randomUUID(),
    now: () => new Date(),
  });
  return {
    migrate: () => store.migrate(),
    import: (bytes) => importRecording(context(), bytes),
    graph: {
      find: (ends) => findEnds(context(), ends),
      write: (batch) => writeImported(context(), batch),
      settle: () => settleGraph(context()),
    },
    seed: (scale, told) =>
      scale === null
        ? seedSmallWorld(context())
        : seedLargeWorld(context(), { runs: SEED_SCALES[scale] / 10, told }),
    doctor: () => diagnose(store, settings),
    newEpoch: async () => (await newEpoch(store.sql)).epoch,
    rebuildGraph: async () => rebuildGraph(projected()),
    async verifyGraph(repair) {
      const shown: Difference[] = [];
      const found = (difference: Difference) => {
        if (shown.length < DIFFERENCES_SHOWN_MAX) shown.push(difference);
      };
      return { ...(await verifyGraph(projected(), { repair, found })), shown };
    },
  };
}
