/** The large world before it is told: workflows, and how each run of them went. Pure, the same each time. */
import { randomFrom } from './random.ts';
import type { SeedFile, SeedStep, SeedWorkflow } from './small-world-workflows.ts';
import type { Ending, Story } from './story.ts';

/** A run, and its workflow with the names of what this run makes. */
export interface LargeRun {
  readonly number: number;
  readonly story: Story;
  readonly workflow: SeedWorkflow;
  /** What it was about; leads the names of its artifacts. */
  readonly subject: string;
  readonly site: string;
}

/** Stage, output, megabytes: a workflow takes the first 8 to 12 of its kind. */
const STAGES: Readonly<Record<string, string>> = {
  genomics:
    'fetch reads:reads.fastq:3400, quality report:quality.html:2, trim adapters:trimmed.fastq:3100, align reads:aligned.bam:5200, coverage:coverage.tsv:14, mark duplicates:marked.bam:5000, call variants:variants.vcf:84, call structural variants:structural.vcf:9, annotate variants:annotated.vcf:120, filter variants:filtered.vcf:61, phase:phased.vcf:70, report:report.html:1',
  astronomy:
    'fetch tiles:tiles.fits:900, flat field:flat.fits:17, calibrate:calibrated.fits:1800, match stars:matches.csv:1, photometry:photometry.csv:6, background:background.fits:300, reproject:projected.fits:1700, weight map:weights.fits:400, blend:mosaic.fits:4800, find sources:sources.csv:12, classify:classes.csv:3, preview:preview.png:3',
  'machine-learning':
    'prepare examples:examples.parquet:700, tokenize:tokens.parquet:900, split:folds.json:1, train:model.safetensors:2500, tune:tuned.safetensors:2500, evaluate:scores.csv:1, compare:comparison.html:1, quantize:quantized.safetensors:700, red team:findings.jsonl:2, calibrate:calibration.json:1, package:bundle.tar:750, model card:card.md:1',
  analytics:
    'extract orders:orders.parquet:210, extract stock:stock.parquet:48, extract visits:visits.parquet:600, clean:clean.parquet:500, join:joined.parquet:231, aggregate:daily.parquet:12, forecast:forecast.parquet:3, segment:segments.parquet:5, anomalies:anomalies.csv:1, dashboard:dashboard.html:1, export:export.csv:30, notify:message.json:1',
  media:
    'ingest:master.mov:9000, split channels:channels.wav:1600, remove noise:clean.wav:1600, transcribe:transcript.json:1, tell speakers apart:speakers.json:1, translate:translation.json:1, subtitles:subtitles.vtt:1, scene cuts:scenes.json:1, transcode:stream.mp4:2100, thumbnails:thumbnails.tar:20, index:index.jsonl:2, publish:manifest.json:1',
  climate:
    'fetch stations:stations.csv:30, fetch satellite:radiance.nc:4000, regrid:grid.nc:2600, remove bias:corrected.nc:2600, downscale:local.nc:3100, ensemble:ensemble.nc:9000, extremes:extremes.csv:4, trends:trends.csv:2, maps:maps.pdf:18, validate:validation.html:1, archive:archive.tar:9500, summary:summary.md:1',
  chemistry:
    'fetch structures:structures.sdf:120, protonate:protonated.sdf:130, conformers:conformers.sdf:800, dock:poses.sdf:400, rescore:scores.csv:2, minimize:minimized.pdb:90, simulate:trajectory.dcd:7000, free energy:energies.csv:1, cluster:clusters.json:1, filter:shortlist.csv:1, render:figures.pdf:9, report:report.html:1',
  geology:
    'fetch waveforms:waveforms.mseed:1500, pick arrivals:arrivals.csv:3, associate:events.csv:1, locate:locations.csv:1, magnitudes:magnitudes.csv:1, tomography:velocity.h5:700, invert:inversion.h5:500, synthetic waveforms:synthetics.mseed:1500, misfit:misfit.csv:1, hazard map:hazard.tif:60, catalog:catalog.xml:5, bulletin:bulletin.html:1',
};

/** How wide a workflow is at each of its stages: the level of each step. */
const SHAPES: readonly (readonly number[])[] = [
  [0, 1, 1, 2, 3, 3, 4, 4, 5, 6, 6, 7],
  [0, 0, 1, 2, 2, 2, 3, 4, 4, 5, 6, 7],
  [0, 1, 2, 3, 4, 4, 5, 5, 5, 6, 7, 8],
];

/** Steps of the two workflows of a pair: ten on average. */
const LENGTHS: readonly (readonly [number, number])[] = [
  [10, 10],
  [9, 11],
  [8, 12],
];

/** Of each 200 runs, how many each workflow of a pair gets: few workflows run often, many seldom. Sums to 100. */
const SHARES: readonly number[] = [20, 12, 9, 7, 6, 5, 5, 4, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2];

const DAYS = 90;

/** Forty workflows of eight kinds. */
export const LARGE_WORKFLOWS: readonly SeedWorkflow[] = SHARES.flatMap((_share, pair) =>
  [0, 1].map((half) =>
    largeWorkflow(pair * 2 + half, LENGTHS[pair % LENGTHS.length]?.[half] ?? 10),
  ),
);

function largeWorkflow(index: number, length: number): SeedWorkflow {
  const kinds = Object.keys(STAGES);
  const kind = kinds[index % kinds.length] ?? '';
  const round = Math.floor(index / kinds.length);
  const shape = SHAPES[round % SHAPES.length] ?? [];
  const random = randomFrom(index);
  const stages = (STAGES[kind] ?? '').split(', ').slice(0, length);
  const names = stages.map((stage) => stage.slice(0, stage.indexOf(':')));
  const steps = stages.map((stage, position): SeedStep => {
    const [name = '', made = '', megabytes = '1'] = stage.split(':');
    const parents = names.filter((_name, other) => shape[other] === (shape[position] ?? 0) - 1);
    const file = {
      name: made,
      kind: made.slice(made.indexOf('.') + 1),
      sizeBytes: Number(megabytes) * 1_000_000,
    };
    const minutes = 0.1 * 80 ** random(); // 6 seconds to 8 minutes.
    return { key: keyOf(name), name, parents: parents.map(keyOf), minutes, makes: [file] };
  });
  return {
    key: `seed/large/${kind}-${index}`,
    name: `${kind} pipeline ${String.fromCodePoint(65 + round)}`,
    kind,
    description: `${names[0]} to ${names.at(-1)}`,
    age_h: 24 * DAYS,
    steps,
  };
}

function keyOf(name: string): string {
  return name.replaceAll(' ', '-');
}

const SLOTS = SHARES.flatMap((share, pair) => [
  ...Array.from({ length: share }, () => pair * 2),
  ...Array.from({ length: share }, () => pair * 2 + 1),
]);

/** No run takes longer: nine levels of eight minutes, stretched. */
const LONGEST_H = 2;
const TRAITS =
  'amber arctic baltic bright calm coastal cobalt copper coral deep distant early eastern frozen golden gray green hidden high hollow inner ivory late lunar misty northern outer pale polar quiet rapid red rural silent silver solar southern tidal upper western'.split(
    ' ',
  );
const SUBJECTS =
  'alder badger barley beetle birch canyon cedar cicada clover cod comet crane crater delta dune falcon fern finch fjord forest fox glacier granite grouse harbor heron island jasmine kelp lagoon lichen lynx maple marsh meadow moss nebula oak orchid osprey otter pine plankton plover prairie quartz quasar reef river salmon savanna seal spruce starling summit swift tundra valley willow wren'.split(
    ' ',
  );
const SITES = ['bergen', 'cusco', 'davos', 'hobart', 'kyoto', 'nairobi', 'porto', 'quebec'];
const TRIGGERS = ['nightly', 'manual', 'release', 'backfill'];
const ERRORS = ['exit status 1', 'exit status 137: out of memory', 'disk full', 'checksum differs'];

/** How run `number` went: in the last 90 days, more often lately. Ten steps on average, exactly so in each 200. */
export function largeRun(number: number): LargeRun {
  const random = randomFrom(number);
  const pick = (words: readonly string[]): string =>
    words[Math.floor(random() * words.length)] ?? '';
  const slot = SLOTS[(number * 73) % SLOTS.length] ?? 0; // Each slot once in 200 runs, well mixed.
  const workflow = LARGE_WORKFLOWS[slot] as SeedWorkflow;
  const subject = `${pick(TRAITS)}-${pick(SUBJECTS)}-${String(Math.floor(random() * 10_000)).padStart(4, '0')}`;
  const site = pick(SITES);
  const own = (file: SeedFile): SeedFile => ({
    ...file,
    name: `${subject}/${file.name}`,
    sizeBytes: Math.round(file.sizeBytes * (0.2 + random())),
    checks: random() < 0.3 ? ['completeness'] : [],
    metadata: { subject, site },
  });
  return {
    number,
    subject,
    site,
    workflow: {
      ...workflow,
      steps: workflow.steps.map((step) => ({ ...step, makes: step.makes.map(own) })),
    },
    story: {
      of: workflow.key,
      ending: endingOf(random()),
      age_h: LONGEST_H + random() ** 1.2 * DAYS * 24,
      at: workflow.steps[Math.floor(random() * workflow.steps.length)]?.key ?? '',
      error: pick(ERRORS),
      quality: 0.55 + 0.45 * random() ** 0.5,
      tags: [pick(TRIGGERS), `cohort-${String.fromCodePoint(97 + Math.floor(random() * 12))}`],
      brief: true,
    },
  };
}

function endingOf(chance: number): Ending {
  if (chance < 0.003) return 'QUEUED';
  if (chance < 0.09) return 'FAILED';
  if (chance < 0.12) return 'CANCELED';
  if (chance < 0.135) return 'TIMED_OUT';
  return chance < 0.15 ? 'CRASHED' : 'SUCCEEDED';
}

const LIBRARY_KINDS = ['dataset', 'model', 'reference', 'report', 'prompt'];

export interface LibraryArtifact {
  readonly name: string;
  readonly kind: string;
  readonly sizeBytes: number;
  readonly age_h: number;
}

/** What somebody registered without a run. */
export function libraryArtifact(number: number): LibraryArtifact {
  const random = randomFrom(-1 - number);
  const pick = (words: readonly string[]): string =>
    words[Math.floor(random() * words.length)] ?? '';
  const kind = pick(LIBRARY_KINDS);
  const name = `library/${pick(TRAITS)}-${pick(SUBJECTS)}-${kind}-${number}`;
  const sizeBytes = Math.round(10 ** (2 + 8 * random()));
  return { name, kind, sizeBytes, age_h: random() * DAYS * 24 };
}
