/** What has two adapters: an embedded one and one on a server. Each promises the semantics written here. */

/** Live bus between gateways: Redis in server mode, in-process otherwise. */
export interface Bus {
  /**
   * At most once, to all who listen at that moment; who is away misses it and catches up from the log. Per topic and
   * publisher in order. Never throws: what could not be sent counts in `lost`.
   */
  publish(topic: string, message: string): void;
  /**
   * Resolves once the store confirms: a publish that starts later is heard. `hear` must not throw. The answer ends
   * it, at once. Rejects with Unavailable when the store is away; then nothing stays behind.
   */
  listen(topic: string, hear: (message: string) => void): Promise<() => void>;
  /** Called whenever messages may have been missed on every topic: read what you follow again. Ends by the answer. */
  onGap(missed: () => void): () => void;
  counts(): BusCounts;
  close(): Promise<void>;
}

export interface BusCounts {
  /** Topics listened to here. */
  readonly topics: number;
  /** Messages that could not be sent, or were not answered. */
  readonly lost: number;
  /** False while the store is away, wholly or in part. */
  readonly connected: boolean;
}
