/** The Hetionet slice and the registry of workflow modules, with facts of them. */
import { countKinds, idOf, once, rowsOf, tally, type Ask, type DataSet } from './graph-data.ts';

/** Names of what is next to an entity, in their order. */
async function namesNextTo(
  ask: Ask,
  entity: { readonly kind: string; readonly key: string },
  walk: string,
): Promise<string[]> {
  const query = `query ($kind: String!, $key: String!) {
    entityByKey(kind: $kind, key: $key) { neighbours(first: 100, ${walk}) { nodes { name } } } }`;
  const { entityByKey } = await ask<{ entityByKey: { neighbours: { nodes: { name: string }[] } } }>(
    query,
    entity,
  );
  return entityByKey.neighbours.nodes.map(({ name }) => name).toSorted();
}

/** Genes, what they do, and diseases. */
export const HETIONET: DataSet = {
  name: 'Hetionet slice',
  nodes: ['hetionet-slice-nodes.tsv.gz'],
  edges: ['hetionet-slice-edges.tsv.gz'],
  facts: [
    {
      title: 'nodes and relations of each kind',
      asked: async (ask) => [
        await countKinds(ask, 'entities', Object.keys(hetionetKinds().nodes)),
        await countKinds(ask, 'entityRelations', Object.keys(hetionetKinds().edges)),
      ],
      expected: () => [hetionetKinds().nodes, hetionetKinds().edges],
    },
    {
      title: 'the processes that a gene takes part in',
      asked: (ask) =>
        namesNextTo(
          ask,
          { kind: 'Gene', key: 'Gene::1499' },
          'direction: OUT, relationKinds: ["GpBP"], kinds: ["Biological Process"]',
        ),
      expected: () => {
        const names = new Map(
          rowsOf('hetionet-slice-nodes.tsv.gz').map(({ id, name }) => [id, name!]),
        );
        return rowsOf('hetionet-slice-edges.tsv.gz')
          .filter(({ source, metaedge }) => source === 'Gene::1499' && metaedge === 'GpBP')
          .map(({ target }) => names.get(target)!)
          .toSorted();
      },
    },
    {
      title: 'that no path leads from a gene to a disease',
      async asked(ask) {
        const [from, to] = [
          await idOf(ask, 'Gene', 'Gene::1499'),
          await idOf(ask, 'Disease', 'Disease::DOID:1612'),
        ];
        return ask(
          'query ($from: ID!, $to: ID!) { shortestPath(from: $from, to: $to) { path { length } } }',
          { from, to },
        );
      },
      expected: () => ({ shortestPath: { path: null } }),
    },
  ],
};

const hetionetKinds = once(() => ({
  nodes: tally(rowsOf('hetionet-slice-nodes.tsv.gz'), 'kind'),
  edges: tally(rowsOf('hetionet-slice-edges.tsv.gz'), 'metaedge'),
}));

/** Modules of workflows, and what they have to do with. */
export const MODULES: DataSet = {
  name: 'registry of workflow modules',
  nodes: ['nf-core-registry-nodes.csv.gz'],
  edges: ['nf-core-registry-edges.csv.gz'],
  facts: [
    {
      title: 'nodes and relations of each kind',
      asked: async (ask) => [
        await countKinds(ask, 'entities', Object.keys(moduleKinds().nodes)),
        await countKinds(ask, 'entityRelations', Object.keys(moduleKinds().edges)),
      ],
      expected: () => [moduleKinds().nodes, moduleKinds().edges],
    },
    {
      title: 'the modules that wrap bwa',
      asked: (ask) =>
        namesNextTo(
          ask,
          { kind: 'Tool', key: 'tool:bwa' },
          'direction: IN, relationKinds: ["WRAPS"]',
        ),
      expected: () => ['bwa_aln', 'bwa_index', 'bwa_mem', 'bwa_sampe', 'bwa_samse', 'nextgenmap'],
    },
    {
      title: 'properties that are JSON in the file',
      asked: (ask) => ask('{ entityByKey(kind: "Tool", key: "tool:bwa") { name properties } }'),
      expected: () => ({
        entityByKey: { name: 'bwa', properties: { homepage: 'http://bio-bwa.sourceforge.net/' } },
      }),
    },
    {
      title: 'what is two relations away from bwa, as a plain walk of the file finds it',
      async asked(ask) {
        const roots = [await idOf(ask, 'Tool', 'tool:bwa')];
        const { network } = await ask<{ network: { nodes: { entity: { key: string } }[] } }>(
          'query ($roots: [ID!]!) { network(roots: $roots, depth: 2, first: 10000) { nodes { entity { key } } } }',
          { roots },
        );
        return network.nodes.map(({ entity }) => entity.key).toSorted();
      },
      expected: () => [...within(2, 'tool:bwa')].toSorted(),
    },
  ],
};

const moduleKinds = once(() => ({
  nodes: tally(rowsOf('nf-core-registry-nodes.csv.gz'), 'kind'),
  edges: tally(rowsOf('nf-core-registry-edges.csv.gz'), 'relation'),
}));

function within(depth: number, root: string): ReadonlySet<string> {
  const edges = rowsOf('nf-core-registry-edges.csv.gz');
  let reached = new Set([root]);
  for (let away = 0; away < depth; away += 1) {
    const next = edges.flatMap(({ source, target }) =>
      reached.has(source!) || reached.has(target!) ? [source!, target!] : [],
    );
    reached = new Set([...reached, ...next]);
  }
  return reached;
}
