/** Open English WordNet, with facts of it. */
import { countKinds, counted, idOf, once, rowsOf, tally, type DataSet } from './graph-data.ts';

const hypernyms = once(() =>
  rowsOf('oewn-synset-relations.csv.gz').filter(({ relation }) => relation === 'hypernym'),
);
/** The synset with the longest chain of hypernyms above it, and how many there are. */
const longestChain = once(() => {
  const above = new Map<string, string[]>();
  for (const { source, target } of hypernyms()) {
    above.set(source!, [...(above.get(source!) ?? []), target!]);
  }
  const lengths = new Map<string, number>();
  const lengthOf = (synset: string): number => {
    const length =
      lengths.get(synset) ??
      Math.max(0, ...(above.get(synset) ?? []).map((upper) => 1 + lengthOf(upper)));
    lengths.set(synset, length);
    return length;
  };
  const from = [...above.keys()].reduce((best, one) =>
    lengthOf(one) > lengthOf(best) ? one : best,
  );
  let top = from;
  while (above.has(top)) top = above.get(top)!.toSorted((a, b) => lengthOf(b) - lengthOf(a))[0]!;
  return { from, top, length: lengthOf(from) };
});

/** Of WordNet the synsets; the senses are in WORDNET_SENSES. */
export const WORDNET: DataSet = {
  name: 'Open English WordNet',
  nodes: ['oewn-synsets.csv.gz'],
  edges: ['oewn-synset-relations.csv.gz'],
  facts: [
    ...counted(
      { synset: 107_525 },
      { hypernym: 88_090, similar: 23_148, domain_topic: 6_435, mero_part: 5_387 },
    ),
    {
      title: 'relations of all twelve kinds',
      async asked(ask) {
        const kinds = Object.keys(tally(rowsOf('oewn-synset-relations.csv.gz'), 'relation'));
        const counts = Object.values(await countKinds(ask, 'entityRelations', kinds));
        return { kinds: counts.length, relations: counts.reduce((sum, count) => sum + count, 0) };
      },
      expected: () => ({ kinds: 12, relations: 131_105 }),
    },
    {
      title: 'the longest chain of hypernyms, and that none is longer',
      async asked(ask) {
        const { from, top } = longestChain();
        const ids = { from: await idOf(ask, 'synset', from), to: await idOf(ask, 'synset', top) };
        const { allPaths } = await ask<{ allPaths: { cut: null; paths: { length: number }[] } }>(
          `query ($from: ID!, $to: ID!) { allPaths(from: $from, to: $to, depth: 32, first: 1000, direction: OUT,
            relationKinds: ["hypernym"]) { cut { by } paths { length } } }`,
          ids,
        );
        return {
          cut: allPaths.cut,
          longest: Math.max(...allPaths.paths.map(({ length }) => length)),
        };
      },
      expected: () => ({ cut: null, longest: 19 }),
    },
    {
      title: 'the most direct hyponyms',
      asked: (ask) =>
        ask(
          '{ topEntities(first: 1, direction: IN, relationKinds: ["hypernym"]) { degree entity { key } } }',
        ),
      expected: () => ({ topEntities: [{ degree: 444, entity: { key: '10807146-n' } }] }),
    },
    {
      title: 'a definition with quotes and commas, as it stands in the file',
      asked: (ask) => ask('{ entityByKey(kind: "synset", key: "00001740-r") { name properties } }'),
      expected: () => {
        const row = rowsOf('oewn-synsets.csv.gz').find(({ id }) => id === '00001740-r')!;
        const { pos, lexfile, definition, ili, members } = row;
        return { entityByKey: { name: members, properties: { pos, lexfile, definition, ili } } };
      },
    },
  ],
};

/** Senses of the synsets, and what relates them. */
export const WORDNET_SENSES: DataSet = {
  name: 'senses of WordNet',
  nodes: ['oewn-senses.csv.gz'],
  edges: ['oewn-sense-relations.csv.gz'],
  facts: [
    ...counted({ sense: 185_152 }, { derivation: 73_514, antonym: 7_988 }),
    {
      title: 'relations of all twenty-one kinds, beside what synsets have of them',
      async asked(ask) {
        const kinds = Object.keys(tally(rowsOf('oewn-sense-relations.csv.gz'), 'relation'));
        const counts = await countKinds(ask, 'entityRelations', kinds);
        const ofSynsets = tally(rowsOf('oewn-synset-relations.csv.gz'), 'relation');
        const relations = kinds.reduce(
          (sum, kind) => sum + counts[kind]! - (ofSynsets[kind] ?? 0),
          0,
        );
        return { kinds: kinds.length, relations };
      },
      expected: () => ({ kinds: 21, relations: 113_588 }),
    },
  ],
};
