/** What the workflows of the small world are about, as entities and relations: invented by us. */
import type { GraphWrites, NodeWrite, RelationWrite } from '../graph/write.ts';

const ENTITIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  topic: {
    genomics: 'Genomics',
    astronomy: 'Astronomy',
    language: 'Language',
    retail: 'Retail',
  },
  dataset: {
    'short-reads': 'Short reads of two cohorts',
    'reference-genome': 'Reference genome',
    'sky-plates': 'Plates of a sky survey',
    recordings: 'Recordings of an archive',
    orders: 'Orders and stock',
  },
  method: {
    alignment: 'Alignment of reads',
    'variant-calling': 'Calling of variants',
    mosaicking: 'Mosaicking',
    transcription: 'Transcription',
    forecasting: 'Forecasting',
  },
};

/** `[from, kind, to, properties]`; ends as `kind/key`. */
const RELATIONS: readonly (readonly [string, string, string, Record<string, number>?])[] = [
  ['dataset/short-reads', 'about', 'topic/genomics'],
  ['dataset/reference-genome', 'about', 'topic/genomics'],
  ['dataset/sky-plates', 'about', 'topic/astronomy'],
  ['dataset/recordings', 'about', 'topic/language'],
  ['dataset/orders', 'about', 'topic/retail'],
  ['method/alignment', 'reads', 'dataset/short-reads', { weight: 1 }],
  ['method/alignment', 'reads', 'dataset/reference-genome', { weight: 2 }],
  ['method/variant-calling', 'reads', 'dataset/reference-genome', { weight: 2 }],
  ['method/variant-calling', 'follows', 'method/alignment', { weight: 1 }],
  ['method/mosaicking', 'reads', 'dataset/sky-plates', { weight: 1 }],
  ['method/mosaicking', 'follows', 'method/alignment', { weight: 4 }],
  ['method/transcription', 'reads', 'dataset/recordings', { weight: 1 }],
  ['method/forecasting', 'reads', 'dataset/orders', { weight: 1 }],
];

/** All of it; relations find their ends by kind and key. */
export const SEED_GRAPH: Required<Pick<GraphWrites, 'nodes' | 'relations'>> = {
  nodes: Object.entries(ENTITIES).flatMap(([kind, names]) =>
    Object.entries(names).map(([key, name]): NodeWrite => ({ kind, key, name })),
  ),
  relations: RELATIONS.map(([from, kind, to, properties]): RelationWrite => ({
    kind,
    from: end(from),
    to: end(to),
    properties: properties ?? null,
  })),
};

function end(text: string) {
  const [kind, key] = text.split('/');
  return { kind, key };
}
