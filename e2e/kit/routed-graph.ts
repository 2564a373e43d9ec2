/** The graph as a gateway has it, on a test's stores, with each read told apart. */
import { pino } from 'pino';
import { expect } from 'vitest';
import { parseConfig, type Environment } from '../../gateway/config.ts';
import { openExplanation, type Explained } from '../../gateway/execution/explain.ts';
import { openGraphParts, type GraphParts } from '../../gateway/graph.ts';
import { openMetrics, type Metrics } from '../../gateway/telemetry/metrics.ts';
import type { Ctx } from '../../resolvers/context.ts';
import { openFeed } from '../../resolvers/events/feed/feed.ts';
import type { Position } from '../../resolvers/events/feed/position.ts';
import { newId } from '../../resolvers/keys.ts';
import { LOCAL_VIEWER } from '../../resolvers/policy.ts';
import type { TestDatabase } from './database.ts';
import { contextOver } from './world.ts';

export interface RoutedGraph {
  readonly parts: GraphParts;
  readonly metrics: Metrics;
  /** What `read` answers in a context of its own, as an operation has one, and how that came. */
  asked<T>(
    read: (ctx: Ctx) => Promise<T>,
    consistency?: Position,
  ): Promise<{ readonly answer: T; readonly explained: Explained }>;
  /** The same as most operations are: not explained, so that its statements may be shared. */
  unexplained<T>(read: (ctx: Ctx) => Promise<T>): Promise<T>;
  /** Reads the known node. Why not from Neo4j, or `neo4j`. Throws when the answer is not right. */
  readonly reason: () => Promise<string>;
}

/** Opens it. `knownId`: of a node that both stores have, whose name is `a`. */
export async function openRoutedGraph(
  database: TestDatabase,
  knownId: string,
  settings: Environment,
): Promise<RoutedGraph> {
  const metrics = openMetrics();
  const feed = { first: () => openFeed(database.sql).first() };
  const log = pino({ level: 'silent' });
  const parts = await openGraphParts(feed, parseConfig(settings), log, metrics);

  const asked: RoutedGraph['asked'] = async (read, consistency) => {
    const explanation = openExplanation();
    const ctx = contextOver(database, {
      graphFor: parts.graphFor,
      graphTold: explanation.graphTold,
      sql: explanation.explained(database.sql),
      ...(consistency ? { consistency } : {}),
    });
    return { answer: await read(ctx), explained: explanation.shown() };
  };
  return {
    parts,
    metrics,
    asked,
    unexplained: (read) => read(contextOver(database, { graphFor: parts.graphFor })),
    async reason() {
      const { answer, explained } = await asked((ctx) =>
        ctx.graphFor(ctx).nodes(LOCAL_VIEWER.workspaceId, [knownId, newId()]),
      );
      expect(answer.map((node) => node?.name)).toEqual(['a', undefined]);
      return explained.graph[0]!.reason ?? 'neo4j';
    },
  };
}
