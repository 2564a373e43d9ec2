/**
 * Counts rejections that nobody handled, in the place of whoever else would be told. Those of located errors are not
 * counted: graphql-js leaves them behind where a list of promises fails at once; ours are located in no promise.
 */

import { GraphQLError } from 'graphql';

/** `stop` hands them back. */
export function countUnhandled(): { readonly count: () => number; readonly stop: () => void } {
  const others = process.listeners('unhandledRejection');
  let count = 0;
  const hear = (reason: unknown) => {
    if (!(reason instanceof GraphQLError && reason.path)) count += 1;
  };
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', hear);
  return {
    count: () => count,
    stop() {
      process.off('unhandledRejection', hear);
      for (const other of others) process.on('unhandledRejection', other);
    },
  };
}
