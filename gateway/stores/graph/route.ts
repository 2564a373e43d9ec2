/**
 * Which store answers a read of the graph: Neo4j while it is there, whole, of our shape and the epoch of now and not too
 * far behind; else SQL, which is the truth and gives the same answers, within the deadline of the operation. What Neo4j
 * refuses (Invalid, Limited) is refused: SQL would say the same. Decision 0012 says why it is so.
 */
import type { Ctx } from '../../../resolvers/context.ts';
import type { GraphReads } from '../../../resolvers/graph/port.ts';
import type { Fallback } from '../../../resolvers/graph/told.ts';
import { graphOverSql } from '../graph-sql.ts';
import { openAttempts, type Answer, type AttemptParts, type Call } from './attempt.ts';
import { openJoiner } from './joiner.ts';

export interface RouteParts extends AttemptParts {
  /** Told of each read that SQL answered instead. */
  readonly fellBack: (reason: Fallback) => void;
}

/** Thrown to all whose statement Neo4j did not answer. */
class Unanswered extends Error {
  readonly reason: Fallback;
  constructor(reason: Fallback) {
    super(reason);
    this.reason = reason;
  }
}

const AWAY = { reason: 'away' } as const;

/** The same of both stores. */
interface Ask<T> {
  readonly neo4j: () => Promise<Answer<T>>;
  readonly sql: Call<T>;
}

/** A read that answers for each root by itself. */
type PerRoot<Root, Rest extends readonly unknown[], Of> = (
  workspaceId: string,
  roots: readonly Root[],
  ...rest: Rest
) => Promise<readonly Of[]>;

export interface Route {
  /** By a statement of its own. */
  readonly alone: <T>(ctx: Ctx, name: string, roots: number, call: Call<T>) => Promise<T>;
  /**
   * By a statement that others share who ask for the same with other roots, at most `roots_max` of them, since its deadline
   * and memory are those of all: not with a token, which is one operation's, nor where each statement is explained.
   */
  readonly together: <Root, Rest extends readonly unknown[], Of>(
    ctx: Ctx,
    name: string,
    roots_max: number,
    call: (
      reads: GraphReads,
      ...args: [workspaceId: string, roots: readonly Root[], ...rest: Rest]
    ) => Promise<readonly Of[]>,
  ) => PerRoot<Root, Rest, Of>;
}

/** Reads of one gateway. */
export function openRoute(parts: RouteParts): Route {
  const attempt = openAttempts(parts);
  const join = openJoiner();
  /** Those to which Neo4j was away once: they do not wait for it again. */
  const left = new WeakSet<Ctx>();

  async function routed<T>(ctx: Ctx, name: string, roots: number, ask: Ask<T>): Promise<T> {
    const ended = ctx.graphTold?.read(name, roots);
    const answer = left.has(ctx) ? AWAY : await ask.neo4j();
    if ('value' in answer) {
      ended?.('neo4j', null);
      return answer.value;
    }
    if (answer.reason === 'away') left.add(ctx);
    parts.fellBack(answer.reason);
    const value = await ask.sql(graphOverSql(ctx));
    ended?.('postgres', answer.reason);
    return value;
  }

  const alone: Route['alone'] = (ctx, name, roots, call) =>
    routed(ctx, name, roots, { neo4j: () => attempt(call, ctx), sql: call });

  const together: Route['together'] =
    (ctx, name, roots_max, call) =>
    (workspaceId, roots, ...rest) => {
      if (ctx.consistency || ctx.graphTold) {
        return alone(ctx, name, roots.length, (reads) => call(reads, workspaceId, roots, ...rest));
      }
      const readAll = async (all: typeof roots) => {
        const answer = await attempt((reads) => call(reads, workspaceId, all, ...rest));
        if ('value' in answer) return answer.value;
        throw new Unanswered(answer.reason);
      };
      const words = JSON.stringify([name, workspaceId, ...rest]);
      const neo4j = () =>
        join(words, roots, roots_max, readAll).then(
          (value) => ({ value }),
          (error: unknown) => {
            if (error instanceof Unanswered) return { reason: error.reason };
            throw error;
          },
        );
      return routed(ctx, name, roots.length, {
        neo4j,
        sql: (reads) => call(reads, workspaceId, roots, ...rest),
      });
    };

  return { alone, together };
}
