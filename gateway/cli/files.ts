/** What commands that take files have in common: one after the other, each answered on a line of its own. */
import { createReadStream } from 'node:fs';
import { Invalid, Limited } from '../../resolvers/errors.ts';
import { RECORDING_BYTES_MAX } from '../../resolvers/recordings/wfformat.ts';
import { EXIT, exitCodeOf, explain } from './exit.ts';
import type { Progress } from './progress.ts';

/**
 * Does the work for each file, `parallel` at a time, and prints what it answers as one line of JSON on stdout. What
 * a file is refused for is told on stderr, and the others go on; Ctrl-C and a gateway that stays away end it all.
 * Answers the exit code: that of the first file that failed.
 */
export async function forEachFile(
  files: readonly string[],
  parallel: number,
  progress: Progress,
  work: (file: string) => Promise<object>,
): Promise<number> {
  const waiting = files.values();
  let worst: number = EXIT.done;
  async function take(): Promise<void> {
    for (const file of waiting) {
      try {
        const answer = await work(file);
        progress.end();
        process.stdout.write(`${JSON.stringify(answer)}\n`);
      } catch (error) {
        const code = exitCodeOf(error);
        if (code !== EXIT.invalid) throw error;
        worst ||= code;
        progress.say(`${file}:\n${explain(error)}`);
      }
    }
  }
  try {
    await Promise.all(Array.from({ length: parallel }, take));
  } finally {
    progress.end();
  }
  return worst;
}

/**
 * The bytes of a recording, from whatever can be read: a file, a pipe, a device without end. Refuses: Invalid when
 * there is no such file, Limited as soon as it read too much.
 */
export async function readBounded(file: string): Promise<Uint8Array> {
  try {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > RECORDING_BYTES_MAX) {
        throw new Limited(`bytes of ${file}`, RECORDING_BYTES_MAX, bytes);
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new Invalid(file, 'there is no such file');
    if (code === 'EISDIR') throw new Invalid(file, 'is a folder; name the files in it');
    if (code === 'EACCES') throw new Invalid(file, 'may not be read');
    throw error;
  }
}
