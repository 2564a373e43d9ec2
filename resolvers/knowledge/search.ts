/**
 * Hybrid search: words, vectors and the graph each rank what they find, and reciprocal rank fusion makes one order of it:
 * the sum of 1 / (60 + rank) over the sources (Cormack, Clarke, Büttcher: Reciprocal Rank Fusion outperforms Condorcet
 * and individual Rank Learning Methods, SIGIR 2009). Ranks need no common scale.
 */
import type { Ctx } from '../context.ts';
import { Invalid, Unavailable } from '../errors.ts';
import { params, type Params } from '../filter.ts';
import { entityUuids } from '../graph/ids.ts';
import { textFault } from '../issues.ts';
import { authorize } from '../policy.ts';
import { matchesSql, SEARCH_BYTES_MAX, searchTerms } from '../search.ts';
import { dynamicStatement } from '../sql.ts';
import { spaceOf } from './embedder.ts';
import { vectorStoreOf, type EmbeddedKind } from './embeddings.ts';
import { DOCUMENT_KIND } from './model.ts';
import { nearest } from './nearest.ts';

/** Types that are searched. */
export const SEARCHED_TYPES = ['Document', 'Artifact', 'Entity'] as const;
export type SearchedType = (typeof SEARCHED_TYPES)[number];

export const SOURCES = ['WORDS', 'VECTOR', 'GRAPH'] as const;
export type Source = (typeof SOURCES)[number];

export const SEARCH_LIMITS = {
  first_max: 50,
  near_max: 20,
  /** What each source gives of each type; more is not looked at. */
  candidates: 100,
  /** Rows with the words, of each type, that are ranked. */
  matches_max: 1_000,
  /** Relations from the nearest of `near`, and entities met. */
  graphDepth: 2,
  graphNodes: 500,
} as const;

/** As in the paper. */
const FUSION_K = 60;

/** Why a hit is there. */
export interface Reason {
  readonly source: Source;
  /** From 1 within its source. */
  readonly rank: number;
  /** WORDS: of ts_rank. VECTOR: the cosine. GRAPH: relations away from the nearest of `near`. */
  readonly value: number;
}

export interface Hit {
  readonly type: SearchedType;
  readonly id: string;
  /** The sum over its reasons. */
  readonly score: number;
  readonly reasons: readonly Reason[];
}

/** What a source did. */
export interface SourceReport {
  readonly source: Source;
  /** Null when it was asked; else why it could not be. */
  readonly unavailable: string | null;
  /** The bound at which it left something out; null when it did not. */
  readonly cutAt: number | null;
}

export interface Search {
  /** Best first. */
  readonly hits: readonly Hit[];
  /** Those that were asked, or could not be. */
  readonly sources: readonly SourceReport[];
}

export interface SearchArgs {
  readonly text: string;
  readonly types?: readonly SearchedType[] | null | undefined;
  /** Ids of entities: what is near them in the graph counts. */
  readonly near?: readonly string[] | null | undefined;
  readonly first: number;
}

/** What one source found, ranked. */
interface Found {
  readonly report: SourceReport;
  readonly ranked: readonly (Pick<Hit, 'type' | 'id'> & Reason)[];
}

/**
 * Searches documents, artifacts and entities. A source that is away leaves its ranks out and says so; the others answer.
 *
 * Refuses: Invalid (nothing to go by, bounds), Forbidden.
 * Cost: at most 3 statements and one read of the graph, however many hits.
 */
export async function searchKnowledge(ctx: Ctx, args: SearchArgs): Promise<Search> {
  authorize(ctx.viewer, 'knowledge.read', ctx.viewer);
  const { first } = args;
  const text = checkedText(args.text);
  if (!Number.isInteger(first) || first < 1 || first > SEARCH_LIMITS.first_max) {
    throw new Invalid('first', `must be 1 to ${SEARCH_LIMITS.first_max}, got ${first}`);
  }
  const near = args.near ?? [];
  if (near.length > SEARCH_LIMITS.near_max) {
    throw new Invalid('near', `may hold at most ${SEARCH_LIMITS.near_max}, got ${near.length}`);
  }
  const nearIds = entityUuids(near, 'near');
  if (text === '' && near.length === 0) throw new Invalid('text', 'must not be empty without near');
  const types = new Set(args.types ?? SEARCHED_TYPES);
  const found = await Promise.all([
    ...(text === '' ? [] : [byWords(ctx, text, types), byVector(ctx, text, types)]),
    ...(nearIds.length === 0 ? [] : [byGraph(ctx, nearIds, types)]),
  ]);
  return {
    hits: fused(found.flatMap(({ ranked }) => ranked)).slice(0, first),
    sources: found.map(({ report }) => report),
  };
}

function checkedText(given: string): string {
  const fault = textFault(given, SEARCH_BYTES_MAX);
  if (fault) throw new Invalid('text', fault);
  return given.trim();
}

/** Pure. The best first; of equal ones that with the lesser id. */
export function fused(ranked: readonly (Pick<Hit, 'type' | 'id'> & Reason)[]): Hit[] {
  const hits = new Map<string, Hit & { reasons: Reason[] }>();
  for (const { type, id, ...reason } of ranked) {
    const key = `${type} ${id}`;
    const { score, reasons } = hits.get(key) ?? { score: 0, reasons: [] };
    const more = score + 1 / (FUSION_K + reason.rank);
    hits.set(key, { type, id, score: more, reasons: [...reasons, reason] });
  }
  return [...hits.values()].toSorted(
    (one, other) => other.score - one.score || (one.id < other.id ? -1 : 1),
  );
}

const WORDS_OF: Readonly<Record<SearchedType, { table: string; words: string; also?: string }>> = {
  Document: { table: 'document', words: 'x.search' },
  Artifact: { table: 'artifact', words: 'x.search' },
  Entity: {
    table: 'graph_node',
    // As its index has it.
    words: `to_tsvector('simple', regexp_replace(x.name, '[^a-zA-Z0-9\\u0080-\\U0010FFFF]+', ' ', 'g'))`,
    also: `AND x.kind <> '${DOCUMENT_KIND}'`, // Those are found as documents.
  },
};

async function byWords(ctx: Ctx, text: string, types: ReadonlySet<SearchedType>): Promise<Found> {
  const terms = searchTerms(text);
  const asked = SEARCHED_TYPES.filter((type) => types.has(type));
  if (terms === '' || asked.length === 0) return nothing('WORDS');
  const into = params();
  const parts = asked.map((type) => wordsSql(type, terms, ctx, into));
  const rows = await ctx.sql.query(
    dynamicStatement<{ type: SearchedType; id: string; value: number; matches: number }>(
      'knowledge.byWords',
      `SELECT * FROM (${parts.join(' UNION ALL ')}) found ORDER BY value DESC, id`,
    ),
    into.values,
  );
  const cut = rows.some(({ matches }) => matches > SEARCH_LIMITS.matches_max);
  return {
    report: { source: 'WORDS', unavailable: null, cutAt: cut ? SEARCH_LIMITS.matches_max : null },
    ranked: rows.map(({ type, id, value }, at) => ({
      type,
      id,
      source: 'WORDS' as const,
      rank: at + 1,
      value,
    })),
  };
}

function wordsSql(type: SearchedType, terms: string, { viewer }: Ctx, into: Params): string {
  const { table, words, also = '' } = WORDS_OF[type];
  const given = into.add(terms, 'text');
  const matches = matchesSql(words, given);
  const query = matches.slice(matches.indexOf('@@') + 2);
  return `(SELECT '${type}' AS type, id, value, matches FROM (
      SELECT id, ts_rank(words, ${query})::float8 AS value, count(*) OVER () AS matches FROM (
        SELECT x.id, ${words} AS words FROM ${table} x
        WHERE x.workspace_id = ${into.add(viewer.workspaceId, 'uuid')} ${also} AND ${matches}
        LIMIT ${SEARCH_LIMITS.matches_max + 1}) matching
    ) ranked ORDER BY value DESC, id LIMIT ${SEARCH_LIMITS.candidates})`;
}

const EMBEDDED: Readonly<Record<EmbeddedKind, SearchedType>> = {
  document: 'Document',
  artifact: 'Artifact',
};

async function byVector(ctx: Ctx, text: string, types: ReadonlySet<SearchedType>): Promise<Found> {
  const kinds = (['document', 'artifact'] as const).filter((kind) => types.has(EMBEDDED[kind]));
  if (kinds.length === 0) return nothing('VECTOR');
  const { embedder, sql, viewer } = ctx;
  if (!embedder) return away('VECTOR', 'there is no embedder (EMBEDDER=off)');
  try {
    const [vector] = await embedder.embed([text]);
    const space = await spaceOf(embedder);
    const { found, cutAt } = await nearest(sql, {
      workspaceId: viewer.workspaceId,
      space,
      store: await vectorStoreOf(sql, space),
      vector: vector!,
      kinds,
      limit: SEARCH_LIMITS.candidates,
    });
    return {
      report: { source: 'VECTOR', unavailable: null, cutAt },
      ranked: found.map(({ kind, id, distance }, at) => ({
        type: EMBEDDED[kind],
        id,
        source: 'VECTOR' as const,
        rank: at + 1,
        value: 1 - distance,
      })),
    };
  } catch (error) {
    if (error instanceof Unavailable && error.store === 'embedder')
      return away('VECTOR', error.message);
    if (error instanceof Invalid) return away('VECTOR', error.message);
    throw error;
  }
}

async function byGraph(
  ctx: Ctx,
  near: readonly string[],
  types: ReadonlySet<SearchedType>,
): Promise<Found> {
  const { graphDepth: depth, graphNodes: nodes } = SEARCH_LIMITS;
  const walk = { direction: 'BOTH' } as const;
  try {
    const network = await ctx
      .graphFor(ctx)
      .network(ctx.viewer.workspaceId, near, walk, { depth, nodes, nodesOnly: true });
    const reached = network.nodes.filter((one) => one.depth > 0);
    const ranked = reached.map((one) => ({
      type: one.node.kind === DOCUMENT_KIND ? ('Document' as const) : ('Entity' as const),
      id: one.node.id,
      source: 'GRAPH' as const,
      rank: 1 + reached.filter((other) => other.depth < one.depth).length, // The same for all as near.
      value: one.depth,
    }));
    return {
      report: {
        source: 'GRAPH',
        unavailable: null,
        cutAt: network.cut?.at ?? null,
      },
      ranked: ranked.filter(({ type }) => types.has(type)),
    };
  } catch (error) {
    if (error instanceof Unavailable) return away('GRAPH', error.message);
    throw error;
  }
}

function nothing(source: Source): Found {
  return { report: { source, unavailable: null, cutAt: null }, ranked: [] };
}

function away(source: Source, why: string): Found {
  return { report: { source, unavailable: why, cutAt: null }, ranked: [] };
}
