/** From the bytes of a file to its text: plain or gzip, told apart by the first two bytes. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Invalid, Limited } from '../errors.ts';

const inflated = promisify(gunzip);

/**
 * The bytes as they were before compression; plain ones as they are.
 * Refuses: Limited past `bytes_max`, before more than that is held; Invalid when the compression is damaged.
 */
export async function inflate(bytes: Uint8Array, bytes_max: number): Promise<Uint8Array> {
  if (bytes.length > bytes_max)
    throw new Limited('the bytes of a recording', bytes_max, bytes.length);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await inflated(bytes, { maxOutputLength: bytes_max });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw new Limited('the inflated bytes of a recording', bytes_max, bytes_max + 1);
    }
    throw new Invalid('$', `damaged gzip: ${message}`);
  }
}

/** Identifies a recording: sha256, in hex, of its inflated bytes. */
export function sourceHash(inflatedBytes: Uint8Array): string {
  return createHash('sha256').update(inflatedBytes).digest('hex');
}

/** The bytes as text, without a byte order mark. Refuses: Invalid when they are not UTF-8. */
export function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Invalid('$', 'must be JSON in UTF-8, plain or gzip; these bytes are not UTF-8');
  }
}
