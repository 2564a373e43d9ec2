/** Data that is not in git: POLYPHONY_DATA or ../shared/data holds it, or the tests that need it are skipped by name. */
import { fileURLToPath } from 'node:url';

/** Where it would be. */
export const DATA =
  process.env['POLYPHONY_DATA'] ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));
