/** The runs of the small world: every status, a retry, a flaky step, good and bad checks. */
import type { Story } from './story.ts';

const VARIANTS = 'seed/variant-calling';
const MOSAIC = 'seed/sky-mosaic';
const EVALUATION = 'seed/model-evaluation';
const SALES = 'seed/nightly-sales';
const SPEECH = 'seed/speech-archive';

const nights: readonly Story[] = [6, 5, 4, 3, 2, 1].map((night) => ({
  of: SALES,
  ending: 'SUCCEEDED',
  age_h: night * 24 + 2,
  quality: [0.94, 0.97, 0.88, 0.91, 0.62, 0.95][night - 1] ?? 0.9,
  tags: ['nightly'],
}));

/** In order of nothing; `retries` counts from 0 here. */
export const SEED_STORIES: readonly Story[] = [
  {
    of: SALES,
    ending: 'FAILED',
    age_h: 7 * 24 + 2,
    at: 'join',
    error: 'column "discount" is missing in orders.parquet',
    quality: 0.55,
    tags: ['nightly'],
  },
  {
    of: SALES,
    ending: 'SUCCEEDED',
    age_h: 7 * 24,
    retries: 0,
    kept: ['extract-orders', 'extract-stock'],
    quality: 0.93,
    tags: ['nightly', 'retry'],
  },
  ...nights,
  { of: SALES, ending: 'RUNNING', at: 'forecast', quality: 0.96, tags: ['nightly'] },
  { of: VARIANTS, ending: 'SUCCEEDED', age_h: 71, quality: 0.97, tags: ['cohort-a', 'sample-17'] },
  {
    of: VARIANTS,
    ending: 'SUCCEEDED',
    age_h: 45,
    quality: 0.86,
    flaky: ['align'],
    tags: ['cohort-a', 'sample-18'],
  },
  {
    of: VARIANTS,
    ending: 'FAILED',
    age_h: 26,
    at: 'call-structural',
    error: 'exit status 137: out of memory at 64 GB',
    quality: 0.82,
    tags: ['cohort-b', 'sample-19'],
  },
  {
    of: VARIANTS,
    ending: 'TIMED_OUT',
    age_h: 22,
    at: 'align',
    error: 'no end after 30 minutes',
    tags: ['cohort-b', 'sample-20'],
  },
  {
    of: VARIANTS,
    ending: 'RUNNING',
    at: 'call-snps',
    quality: 0.95,
    tags: ['cohort-b', 'sample-21'],
  },
  { of: MOSAIC, ending: 'SUCCEEDED', age_h: 52, quality: 0.91, tags: ['orion'] },
  { of: MOSAIC, ending: 'SUCCEEDED', age_h: 9, quality: 0.78, tags: ['cygnus'] },
  { of: MOSAIC, ending: 'CANCELED', age_h: 30, at: 'blend', quality: 0.7, tags: ['cygnus'] },
  {
    of: MOSAIC,
    ending: 'CRASHED',
    age_h: 12,
    at: 'calibrate-south',
    error: 'no heartbeat for 60 s',
    tags: ['lyra'],
  },
  { of: MOSAIC, ending: 'CANCELING', at: 'match-stars', tags: ['lyra'] },
  { of: EVALUATION, ending: 'SUCCEEDED', age_h: 15, quality: 0.96, tags: ['release-candidate'] },
  {
    of: EVALUATION,
    ending: 'SUCCEEDED',
    age_h: 7,
    quality: 0.89,
    flaky: ['answer-large'],
    tags: ['release-candidate'],
  },
  { of: EVALUATION, ending: 'PAUSED', at: 'judge-large', quality: 0.92, tags: ['nightly'] },
  { of: EVALUATION, ending: 'QUEUED', age_h: 0.05, tags: ['nightly'] },
  { of: SPEECH, ending: 'SUCCEEDED', age_h: 4, quality: 0.93, tags: ['interview-4'] },
  {
    of: SPEECH,
    ending: 'FAILED',
    age_h: 3,
    at: 'transcribe',
    error: 'language "gsw" is not supported',
    quality: 0.66,
    tags: ['interview-5'],
  },
  { of: SPEECH, ending: 'RUNNING', at: 'transcribe', quality: 0.9, tags: ['interview-6'] },
];
