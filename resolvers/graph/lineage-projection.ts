/** What the projector of the graph needs of the store that it keeps, for lineage: as projection.ts, beside it. */
/** A row of `artifact`, with whose derivations it names. */
export interface LineageArtifact {
  readonly id: string;
  readonly workspaceId: string;
  readonly version: number;
  /** The step that made it, of its run's workspace. */
  readonly maker: {
    readonly runId: string;
    readonly stepKey: string;
    readonly workspaceId: string;
  } | null;
  /** Artifacts that it was registered as derived from. */
  readonly upstreamIds: readonly string[];
}

/** A run whose steps used something. */
export interface LineageRun {
  readonly id: string;
  readonly workspaceId: string;
  /** Of the newest use of it that is known, as `artifact_use.changed_seq`; with it all before are. */
  readonly seq: number;
}

/** A row of `artifact_use`. */
export interface LineageUse {
  readonly runId: string;
  readonly stepKey: string;
  readonly artifactId: string;
}

/** The state of the projection is locked by this transaction. Each method is one statement, or two. */
export interface HeldLineage {
  /** As given, whatever there is, and marked. Each id once. */
  writeArtifacts(artifacts: readonly LineageArtifact[], mark: number): Promise<void>;
  /** Of these runs `LineageRun.seq` as stored. */
  seqs(runIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Adds uses of these runs, which are marked. */
  writeUses(runs: readonly LineageRun[], uses: readonly LineageUse[], mark: number): Promise<void>;
  /** Takes all uses of these runs away. */
  forgetUses(runIds: readonly string[]): Promise<void>;
  removeArtifacts(ids: readonly string[]): Promise<void>;
  /** With their steps. */
  removeRuns(ids: readonly string[]): Promise<void>;
  /** As Held.sweep; of steps those that nothing tells of any more. */
  sweep(
    what: 'artifacts' | 'runs' | 'steps',
    mark: number,
    after: string | null,
    limit: number,
  ): Promise<{ readonly last: string | null; readonly removed: number }>;
}

/** What is stored, for who compares: without a lock, or within `locked`. Each method is one statement. */
export interface StoredLineage {
  /** In the order of ids, after one (null: the first), at most `limit`; or those of these ids, in any order. */
  artifacts(of: Wanted): Promise<readonly LineageArtifact[]>;
  /** All uses of whole runs, in the order of runs. */
  uses(of: Wanted): Promise<readonly LineageUse[]>;
}

export type Wanted =
  | { readonly after: string | null; readonly limit: number }
  | { readonly ids: readonly string[] };
