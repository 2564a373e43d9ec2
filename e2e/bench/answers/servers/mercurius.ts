/** Mercurius as its documentation has it for speed: no logger, `jit: 1`, a loader for each list. */
import Fastify from 'fastify';
import { GraphQLScalarType } from 'graphql';
import mercurius from 'mercurius';
import { announce, openPool } from './listen.ts';
import { byParent, openRows, type Child, type RunRow, type StepRow } from './rows.ts';

const rows = openRows(openPool());

const SCHEMA = `
  scalar DateTime
  enum RunStatus { QUEUED RUNNING PAUSED CANCELING SUCCEEDED FAILED CANCELED TIMED_OUT CRASHED }
  enum StepStatus { PENDING QUEUED RUNNING RETRYING SUCCEEDED FAILED SKIPPED CACHED CANCELED }
  type Query { workflows(first: Int!): Workflows! run(id: ID!): Run }
  type Workflows { nodes: [Workflow!]! }
  type Workflow { uuid: ID! name: String! kind: String! createdAt: DateTime! runs(first: Int!): Runs! }
  type Runs { nodes: [Run!]! }
  type Run {
    uuid: ID! status: RunStatus! createdAt: DateTime! startedAt: DateTime finishedAt: DateTime durationMs: Float
    stepsTotal: Int! stepsDone: Int! tags: [String!]! steps(first: Int!): Steps!
  }
  type Steps { nodes: [Step!]! }
  type Step {
    stepKey: String! name: String! status: StepStatus! position: Int! attempt: Int!
    startedAt: DateTime finishedAt: DateTime durationMs: Float artifacts(first: Int!): Artifacts!
  }
  type Artifacts { nodes: [Artifact!]! }
  type Artifact { uuid: ID! name: String! kind: String! sizeBytes: String! quality: Float }
`;

/** What a loader is asked: an object, and the field's arguments. */
interface Asked<Parent> {
  readonly obj: Parent;
  readonly params: { readonly first: number };
}

type Load<Parent> = (
  parents: readonly Parent[],
  first: number,
) => Promise<readonly Child<object>[]>;

/** One level at once: all who ask, ask for as many. */
function listLoader<Parent>(load: Load<Parent>) {
  return async (asked: readonly Asked<Parent>[]) => {
    const parents = asked.map(({ obj }) => obj);
    const children = await load(parents, asked[0]!.params.first);
    return byParent(children, parents.length).map((nodes) => ({ nodes }));
  };
}

const app = Fastify({ logger: false });
await app.register(mercurius, {
  schema: SCHEMA,
  resolvers: {
    DateTime: new GraphQLScalarType<Date, string>({
      name: 'DateTime',
      serialize: (value) => (value as Date).toISOString(),
    }),
    Query: {
      workflows: async (_root: unknown, { first }: { first: number }) => ({
        nodes: await rows.workflows(first),
      }),
      run: (_root: unknown, { id }: { id: string }) => rows.run(id),
    },
  },
  loaders: {
    Workflow: {
      runs: listLoader((workflows: readonly { uuid: string }[], first) =>
        rows.runsOf(
          workflows.map(({ uuid }) => uuid),
          first,
        ),
      ),
    },
    Run: {
      steps: listLoader((runs: readonly RunRow[], first) =>
        rows.stepsOf(
          runs.map(({ uuid }) => uuid),
          first,
        ),
      ),
    },
    Step: {
      artifacts: listLoader((steps: readonly StepRow[], first) => rows.artifactsOf(steps, first)),
    },
  },
  jit: 1,
  graphiql: false,
});
await app.listen({ port: 0, host: '127.0.0.1' });
announce(app.server);
