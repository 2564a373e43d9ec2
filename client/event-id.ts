/**
 * Ids of events: UUIDs of version 7 (RFC 9562), whose first 48 bits are the time, so that they are stored near each
 * other. `crypto.randomUUID` makes version 4, and in browsers only on https.
 */

/** A new one, made at `at_ms` since 1970. */
export function newEventId(at_ms: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let at = 0; at < 6; at++) bytes[at] = Math.floor(at_ms / 256 ** (5 - at)) % 256;
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
