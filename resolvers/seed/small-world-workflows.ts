/** The workflows of the small world: invented by us, a handful of kinds. */
import type { JsonObject } from '../events/log.ts';

export interface SeedFile {
  readonly name: string;
  readonly kind: string;
  readonly sizeBytes: number;
  /** Names of the checks that judge it. */
  readonly checks?: readonly string[];
  readonly metadata?: JsonObject;
}

export interface SeedStep {
  readonly key: string;
  readonly name: string;
  /** Steps before it in the list. */
  readonly parents: readonly string[];
  readonly minutes: number;
  /** What it reads that no step makes. */
  readonly reads?: readonly SeedFile[];
  readonly makes: readonly SeedFile[];
  readonly cores?: number;
}

export interface SeedWorkflow {
  /** Its identity, and how a story names it. */
  readonly key: string;
  readonly name: string;
  readonly kind: string;
  readonly description: string;
  /** How long ago it was registered. */
  readonly age_h: number;
  readonly steps: readonly SeedStep[];
}

const KB = 1_000;
const MB = 1_000_000;
const GB = 1_000_000_000;

function file(name: string, sizeBytes: number, ...checks: readonly string[]): SeedFile {
  const kind = name.slice(name.lastIndexOf('.') + 1);
  return { name, kind, sizeBytes, ...(checks.length > 0 ? { checks } : {}) };
}

function step(
  key: string,
  name: string,
  parents: readonly string[],
  minutes: number,
  makes: readonly SeedFile[],
  more: Pick<SeedStep, 'reads' | 'cores'> = {},
): SeedStep {
  return { key, name, parents, minutes, makes, ...more };
}

const VARIANTS: SeedWorkflow = {
  key: 'seed/variant-calling',
  name: 'Variant calling',
  kind: 'genomics',
  description:
    'Reads of one sample, aligned to a reference; variants called, filtered and reported.',
  age_h: 24 * 21,
  steps: [
    step('fetch-reads', 'fetch reads', [], 6, [file('reads.fastq', 3.4 * GB, 'completeness')], {
      reads: [file('samplesheet.csv', 2 * KB)],
    }),
    step('trim', 'trim adapters', ['fetch-reads'], 11, [file('trimmed.fastq', 3.1 * GB)], {
      cores: 4,
    }),
    step('align', 'align to reference', ['trim'], 38, [file('aligned.bam', 5.2 * GB, 'coverage')], {
      reads: [file('reference.fasta', 3.2 * GB)],
      cores: 16,
    }),
    step('mark-duplicates', 'mark duplicates', ['align'], 12, [file('marked.bam', 5.0 * GB)]),
    step('call-snps', 'call short variants', ['mark-duplicates'], 26, [file('snps.vcf', 84 * MB)], {
      reads: [file('known-sites.vcf', 1.1 * GB)],
      cores: 8,
    }),
    step('call-structural', 'call structural variants', ['mark-duplicates'], 31, [
      file('structural.vcf', 9 * MB),
    ]),
    step('filter', 'filter variants', ['call-snps', 'call-structural'], 5, [
      file('variants.vcf', 61 * MB, 'transition ratio', 'concordance'),
    ]),
    step('report', 'write report', ['align', 'filter'], 2, [file('report.html', 740 * KB)]),
  ],
};

const MOSAIC: SeedWorkflow = {
  key: 'seed/sky-mosaic',
  name: 'Sky mosaic',
  kind: 'astronomy',
  description: 'Tiles of a survey, calibrated and blended into one image.',
  age_h: 24 * 9,
  steps: [
    step('fetch-north', 'fetch tile', [], 2, [file('north.fits', 34 * MB)]),
    step('fetch-south', 'fetch tile', [], 3, [file('south.fits', 31 * MB)]),
    step(
      'calibrate-north',
      'calibrate',
      ['fetch-north'],
      6,
      [file('north-calibrated.fits', 67 * MB)],
      {
        reads: [file('flat.fits', 17 * MB), file('dark.fits', 17 * MB)],
      },
    ),
    step(
      'calibrate-south',
      'calibrate',
      ['fetch-south'],
      7,
      [file('south-calibrated.fits', 62 * MB)],
      {
        reads: [file('flat.fits', 17 * MB), file('dark.fits', 17 * MB)],
      },
    ),
    step('match-stars', 'match stars', ['calibrate-north', 'calibrate-south'], 4, [
      file('matches.csv', 190 * KB, 'residuals'),
    ]),
    step(
      'blend',
      'blend',
      ['calibrate-north', 'calibrate-south', 'match-stars'],
      14,
      [file('mosaic.fits', 4.8 * GB, 'seams', 'photometry')],
      { cores: 8 },
    ),
    step('preview', 'render preview', ['blend'], 1, [file('preview.png', 2.9 * MB)]),
  ],
};

const EVALUATION: SeedWorkflow = {
  key: 'seed/model-evaluation',
  name: 'Language model evaluation',
  kind: 'machine-learning',
  description: 'Two models answer the same questions, a third one judges.',
  age_h: 20,
  steps: [
    step('prepare', 'prepare prompts', [], 1, [file('prompts.jsonl', 1.2 * MB, 'no duplicates')], {
      reads: [file('questions.jsonl', 918 * KB)],
    }),
    step(
      'answer-small',
      'generate answers',
      ['prepare'],
      9,
      [file('answers-small.jsonl', 3.8 * MB)],
      {
        reads: [file('small-1b.safetensors', 2.5 * GB)],
      },
    ),
    step(
      'answer-large',
      'generate answers',
      ['prepare'],
      27,
      [file('answers-large.jsonl', 4.5 * MB)],
      {
        reads: [file('large-7b.safetensors', 14.5 * GB)],
      },
    ),
    step('judge-small', 'judge answers', ['answer-small'], 5, [
      file('scores-small.csv', 42 * KB, 'agreement'),
    ]),
    step('judge-large', 'judge answers', ['answer-large'], 6, [
      file('scores-large.csv', 43 * KB, 'agreement'),
    ]),
    step('compare', 'compare models', ['judge-small', 'judge-large'], 1, [
      file('comparison.html', 290 * KB, 'significance'),
    ]),
  ],
};

const SALES: SeedWorkflow = {
  key: 'seed/nightly-sales',
  name: 'Nightly sales report',
  kind: 'analytics',
  description: 'Orders of the day, joined with stock, checked and sent as a report.',
  age_h: 24 * 60,
  steps: [
    step('extract-orders', 'extract orders', [], 3, [
      file('orders.parquet', 210 * MB, 'row count', 'freshness'),
    ]),
    step('extract-stock', 'extract stock', [], 2, [file('stock.parquet', 48 * MB, 'freshness')]),
    step('join', 'join', ['extract-orders', 'extract-stock'], 4, [
      file('sales.parquet', 231 * MB, 'no nulls'),
    ]),
    step('forecast', 'forecast demand', ['join'], 8, [file('forecast.parquet', 3 * MB, 'error')], {
      cores: 4,
    }),
    step('publish', 'publish report', ['join', 'forecast'], 1, [file('sales.html', 510 * KB)]),
  ],
};

const SPEECH: SeedWorkflow = {
  key: 'seed/speech-archive',
  name: 'Speech archive',
  kind: 'media',
  description: 'Recordings of interviews, cleaned, transcribed and indexed.',
  age_h: 5,
  steps: [
    step('split', 'split channels', [], 2, [file('channels.wav', 1.6 * GB)], {
      reads: [file('interview.flac', 780 * MB)],
    }),
    step('denoise', 'remove noise', ['split'], 7, [file('clean.wav', 1.6 * GB, 'noise floor')]),
    step(
      'transcribe',
      'transcribe',
      ['denoise'],
      19,
      [file('transcript.json', 620 * KB, 'word error rate')],
      {
        cores: 8,
      },
    ),
    step('speakers', 'tell speakers apart', ['denoise'], 8, [file('speakers.json', 31 * KB)]),
    step('subtitles', 'write subtitles', ['transcribe', 'speakers'], 1, [
      file('subtitles.vtt', 88 * KB),
    ]),
  ],
};

/** All of them, each with its steps in an order in which they can run. */
export const SEED_WORKFLOWS: readonly SeedWorkflow[] = [
  VARIANTS,
  MOSAIC,
  EVALUATION,
  SALES,
  SPEECH,
];
