/** The whole schema over a test's database, executed as the gateway does: what tests of resolvers and schema ask. */
import { parse, validate, type ExecutionResult } from 'graphql';
import { execute, prepare } from '../../gateway/execution/levels/execute.ts';
import type { Ctx } from '../../resolvers/context.ts';
import { openRunLog } from '../../resolvers/events/append/append.ts';
import { schema } from '../../schema/index.ts';
import type { TestDatabase } from './database.ts';
import { contextOver } from './world.ts';

export interface TestGraph {
  /** Data and errors of one operation, as they are. */
  ask(source: string, variables?: object, parts?: Partial<Ctx>): Promise<ExecutionResult>;
  /** The data of one operation; throws when it has errors. `Data`: its shape, which the test claims. */
  data<Data>(source: string, variables?: object, parts?: Partial<Ctx>): Promise<Data>;
  /** A context as an operation is given it. */
  ctx(parts?: Partial<Ctx>): Ctx;
  close(): Promise<void>;
}

/** With a log of its own. `close` ends that; the database is the test's. */
export function openGraph(database: TestDatabase): TestGraph {
  const log = openRunLog(database.sql);
  const ctx = (parts: Partial<Ctx> = {}) => contextOver(database, { log, ...parts });
  const ask: TestGraph['ask'] = async (source, variables = {}, parts = {}) => {
    const document = parse(source);
    const errors = validate(schema, document);
    if (errors.length > 0) return { errors };
    return execute(prepare(schema, document, null), {
      variables: variables as Record<string, unknown>,
      contextValue: ctx(parts),
    });
  };
  return {
    ask,
    ctx,
    async data<Data>(source: string, variables?: object, parts?: Partial<Ctx>) {
      const { data, errors } = await ask(source, variables, parts);
      if (errors) throw new Error(errors.map((error) => error.stack).join('\n'));
      return JSON.parse(JSON.stringify(data)) as Data; // As it goes over the wire.
    },
    close: () => log.close(),
  };
}

/** The code of each error, as the gateway tells it. */
export function codesOf(result: ExecutionResult): (string | undefined)[] {
  return (result.errors ?? []).map(
    ({ originalError }) => (originalError as { code?: string } | undefined)?.code,
  );
}
