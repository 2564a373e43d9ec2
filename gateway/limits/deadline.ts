/** An answer in time, or none. */

/** Rejects `no answer within N ms` when `work` has not settled by then. What it began goes on; its end is ignored. */
export async function within<T>(deadline_ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`no answer within ${deadline_ms} ms`);
    timer = setTimeout(reject, deadline_ms, error);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
