/** Search over knowledge, and artifacts like another one. */
import { ARTIFACT } from '../resolvers/artifacts/entities.ts';
import { artifactsById } from '../resolvers/artifacts/loaders.ts';
import type { Ctx } from '../resolvers/context.ts';
import { ENTITY } from '../resolvers/graph/entities.ts';
import { entitiesById } from '../resolvers/graph/loaders.ts';
import { DOCUMENT } from '../resolvers/knowledge/entities.ts';
import { documentsById } from '../resolvers/knowledge/loaders.ts';
import {
  SEARCH_LIMITS,
  searchKnowledge,
  SOURCES,
  type Hit,
  type Reason,
  type Search,
  type SearchedType,
  type SourceReport,
} from '../resolvers/knowledge/search.ts';
import {
  SIMILAR_MAX,
  similarArtifacts,
  type SimilarArtifact,
  type SimilarArtifacts,
} from '../resolvers/knowledge/similar.ts';
import { SEARCH_BYTES_MAX } from '../resolvers/search.ts';
import { Artifact } from './artifacts.ts';
import type { Shown } from './batch.ts';
import { builder } from './builder.ts';
import { byKey, columnsShown } from './columns.ts';
import { filterInput } from './list.ts';
import { asNode, Node } from './node.ts';

const FIRST = 20;

const TypeRef = builder.enumType('KnowledgeType', {
  description: 'What is searched.',
  values: {
    DOCUMENT: { value: 'Document', description: 'By words, vector and graph.' },
    ARTIFACT: { value: 'Artifact', description: 'By words of name and kind, and by vector.' },
    ENTITY: { value: 'Entity', description: 'By words of its name, and by graph.' },
  } as const satisfies Record<string, { value: SearchedType; description: string }>,
});

const SourceRef = builder.enumType('SearchSource', { values: SOURCES });

const ReasonRef = builder.objectRef<Reason>('SearchReason').implement({
  description: 'Why a hit is there.',
  fields: (t) => ({
    source: t.expose('source', { type: SourceRef }),
    rank: t.exposeInt('rank', { description: 'From 1 within its source.' }),
    value: t.exposeFloat('value', {
      description:
        "WORDS: Postgres' ts_rank. VECTOR: the cosine. GRAPH: relations away from the nearest of `near`.",
    }),
  }),
});

const HitRef = builder.objectRef<Hit>('SearchHit').implement({
  fields: (t) => ({
    node: t.batch({
      type: Node,
      nullable: true,
      description: 'Document, Artifact or Entity; null when it went meanwhile.',
      batch: nodesOfHits,
    }),
    score: t.exposeFloat('score', {
      description: 'The sum of 1 / (60 + rank) over its reasons: reciprocal rank fusion.',
    }),
    reasons: t.field({ type: [ReasonRef], resolve: ({ reasons }) => [...reasons] }),
  }),
});

const ReportRef = builder.objectRef<SourceReport>('SearchSourceReport').implement({
  fields: (t) => ({
    source: t.expose('source', { type: SourceRef }),
    unavailable: t.exposeString('unavailable', {
      nullable: true,
      description: 'Why it could not be asked; the others were.',
    }),
    cutAt: t.exposeInt('cutAt', {
      nullable: true,
      description: 'The bound at which it left something out; null when it did not.',
    }),
  }),
});

const SearchRef = builder.objectRef<Search>('KnowledgeSearch').implement({
  fields: (t) => ({
    hits: t.field({
      type: [HitRef],
      description: 'Best first.',
      resolve: ({ hits }) => [...hits],
    }),
    sources: t.field({ type: [ReportRef], resolve: ({ sources }) => [...sources] }),
  }),
});

const SimilarRef = builder.objectRef<SimilarArtifact>('SimilarArtifact').implement({
  fields: (t) => ({
    artifact: t.batch({
      type: Artifact,
      nullable: true,
      ...byKey(ARTIFACT, artifactsById, 'artifactId'),
    }),
    similarity: t.exposeFloat('similarity', {
      description: 'The cosine of the vectors: 1 for the same words, about 0 for others.',
    }),
  }),
});

const SimilarListRef = builder.objectRef<SimilarArtifacts>('SimilarArtifacts').implement({
  fields: (t) => ({
    items: t.field({
      type: [SimilarRef],
      description: 'Most similar first.',
      resolve: ({ items }) => [...items],
    }),
    cutAt: t.exposeInt('cutAt', {
      nullable: true,
      description: 'So many were compared, the newest; null when all were.',
    }),
  }),
});

builder.queryFields((t) => ({
  searchKnowledge: t.field({
    type: SearchRef,
    nullable: true,
    description:
      'Documents, artifacts and entities by words, by likeness of meaning as the embedder knows it, and by nearness in the graph.',
    args: {
      text: t.arg.string({
        required: true,
        description: `What people type; at most ${SEARCH_BYTES_MAX} bytes. May be empty with \`near\`.`,
      }),
      types: t.arg({ type: [TypeRef], description: 'Only these; else all.' }),
      near: t.arg.idList({
        description: `Entities or documents (at most ${SEARCH_LIMITS.near_max}): what is up to ${SEARCH_LIMITS.graphDepth} relations away from them counts.`,
      }),
      first: t.arg.int({
        required: true,
        defaultValue: FIRST,
        extensions: { fallback: FIRST },
        description: `1 to ${SEARCH_LIMITS.first_max}.`,
      }),
    },
    resolve: (_root, args, ctx) => searchKnowledge(ctx, args),
  }),
  similarArtifacts: t.field({
    type: SimilarListRef,
    nullable: true,
    description: 'Artifacts like this one by name, kind and metadata, itself left out.',
    args: {
      id: t.arg.id({ required: true }),
      filter: t.arg({ type: filterInput(ARTIFACT) }),
      first: t.arg.int({
        required: true,
        defaultValue: FIRST,
        extensions: { fallback: FIRST },
        description: `1 to ${SIMILAR_MAX}.`,
      }),
    },
    resolve: (_root, args, ctx) => similarArtifacts(ctx, args),
  }),
}));

/** One statement per type among the hits. */
async function nodesOfHits(
  hits: readonly Hit[],
  _args: object,
  ctx: Ctx,
  shown: Shown,
): Promise<(object | null)[]> {
  const idsOf = (type: SearchedType) => hits.filter((hit) => hit.type === type).map(({ id }) => id);
  const [documents, artifacts, entities] = await Promise.all([
    documentsById(ctx, idsOf('Document'), columnsShown(shown, DOCUMENT)),
    artifactsById(ctx, idsOf('Artifact'), columnsShown(shown, ARTIFACT)),
    entitiesById(ctx, idsOf('Entity'), columnsShown(shown, ENTITY)),
  ]);
  const found = new Map<string, object | null>();
  const add = (type: SearchedType, rows: readonly ({ readonly id: string } | null)[]) => {
    for (const row of rows) if (row) found.set(`${type} ${row.id}`, asNode(type, row));
  };
  add('Document', documents);
  add('Artifact', artifacts);
  add('Entity', entities);
  return hits.map(({ type, id }) => found.get(`${type} ${id}`) ?? null);
}
