/** The connections of a gateway that runs in this process, as Node holds them: what they keep, and how many there are. */
import { Socket } from 'node:net';

/** Those that it has taken and not yet let go. */
export function socketsOf(url: string): Socket[] {
  const port = Number(new URL(url).port);
  const handles = (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles();
  return handles.filter(
    (handle): handle is Socket => handle instanceof Socket && handle.localPort === port,
  );
}

/** What they have not yet given to the kernel, together. */
export function waitingBytes(url: string): number {
  return socketsOf(url).reduce((sum, { writableLength }) => sum + writableLength, 0);
}
