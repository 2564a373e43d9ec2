/** Words that the inputs of many mutations share. */

/** Of every `idempotencyKey`. */
export const IDEMPOTENCY_KEY =
  'Sent again with the same key and input within 24 hours, it is answered with what the first made.';
