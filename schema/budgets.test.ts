/** A list is as many statements for a hundred parents as for one: every list and look-up of the schema is tried. */
import { isObjectType, type GraphQLField, type GraphQLObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { seedAgents } from '../e2e/kit/agents.ts';
import { openGraph, type TestGraph } from '../e2e/kit/graph.ts';
import { seedDocuments } from '../e2e/kit/knowledge.ts';
import { writeGraph } from '../resolvers/graph/write.ts';
import { LOCAL_VIEWER } from '../resolvers/policy.ts';
import { seedLargeWorld } from '../resolvers/seed/large-world.ts';
import { schema } from './index.ts';

const PARENTS = [1, 10, 100];
/** Statements of one field at most, whatever it makes. */
const STATEMENTS_MAX = 4;

/** Types whose objects `nodes` finds, and where ids of them are found. */
const IDS: Readonly<Record<string, string>> = {
  Workflow: '{ workflows(first: 100) { nodes { id } } }',
  WorkflowVersion: '{ workflows(first: 100) { nodes { versions(first: 9) { nodes { id } } } } }',
  Run: '{ runs(first: 100) { nodes { id } } }',
  StepRun: '{ runs(first: 20) { nodes { steps(first: 20) { nodes { id } } } } }',
  Artifact:
    '{ artifacts(filter: { producedBy: { stepKey: { isNull: false } } }, first: 100) { nodes { id } } }',
  Agent: '{ agents(first: 100) { nodes { id } } }',
  AgentConfiguration: '{ agents(first: 100) { nodes { configurations { nodes { id } } } } }',
  Entity: '{ entities(filter: { kind: { eq: "city" } }, first: 100) { nodes { id } } }',
  EntityRelation:
    '{ entityRelations(filter: { kind: { eq: "road" } }, first: 100) { nodes { id } } }',
  Document: '{ documents(first: 100) { nodes { id } } }',
  Check:
    '{ artifacts(orderBy: [{ field: QUALITY, direction: DESC }], first: 100) { nodes { checks { nodes { id } } } } }',
};

/** Every field over a whole level, of types that are nodes. */
const FIELDS = Object.keys(IDS).flatMap((type) => {
  const fields = Object.values((schema.getType(type) as GraphQLObjectType).getFields());
  return fields.filter(({ extensions }) => extensions['batch']).map((field) => ({ type, field }));
});

/** Of fields that must be told something. */
const ARGS: Readonly<Record<string, string>> = { 'WorkflowVersion.step': '(key: "align")' };

function selected(field: GraphQLField<unknown, unknown>): string {
  const type = field.type;
  if (!isObjectType(type)) return String(type).startsWith('[') ? '{ __typename }' : '';
  if (!('totalCount' in type.getFields())) return '{ __typename }';
  return '{ totalCount nodes { __typename } }';
}

test('all types that are nodes are tried', () => {
  const nodes = schema.getPossibleTypes(schema.getType('Node') as never).map(({ name }) => name);
  expect(nodes.toSorted()).toEqual(Object.keys(IDS).toSorted());
  expect(FIELDS.length).toBeGreaterThanOrEqual(25);
});

/** A hundred entities, each with a relation to the next, and mentioned by a document. */
async function seedEntities(database: TestDatabase): Promise<void> {
  const names = Array.from({ length: 100 }, (_, at) => ({ kind: 'city', key: String(at) }));
  const nodes = names.map((name) => ({ ...name, properties: { at: name.key } }));
  const relations = names.map((from, at) => ({ kind: 'road', from, to: names[(at + 1) % 100]! }));
  const written = await database.sql.transaction((tx) =>
    writeGraph(tx, LOCAL_VIEWER.workspaceId, { nodes, relations }),
  );
  await seedDocuments(
    database,
    written.nodes.map(({ id }) => ({ mentions: [id] })),
  );
}

describe.each(DATABASES)('statements ($name)', ({ open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  const ids = new Map<string, string[]>();
  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
    await seedLargeWorld(graph.ctx(), { runs: 200, told: () => undefined });
    await seedAgents(graph.ctx(), Math.max(...PARENTS));
    await seedEntities(database);
    for (const [type, query] of Object.entries(IDS)) {
      const text = JSON.stringify(await graph.data(query));
      const found = [...text.matchAll(/"id":"([^"]+)"/g)].map(([, id]) => id!);
      ids.set(type, found.slice(0, Math.max(...PARENTS)));
    }
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  test.each(FIELDS.map(({ type, field }) => ({ name: `${type}.${field.name}`, type, field })))(
    '$name: as many for 100 parents as for one',
    async ({ type, field }) => {
      const query = `query($ids: [ID!]!) { nodes(ids: $ids) { ... on ${type} { ${field.name}${ARGS[`${type}.${field.name}`] ?? ''} ${selected(field)} } } }`;
      const statements: string[][] = [];
      for (const count of PARENTS) {
        const some = ids.get(type)!.slice(0, count);
        expect(some).toHaveLength(Math.min(count, ids.get(type)!.length));
        database.statements(); // Forgets those before.
        await graph.data(query, { ids: some });
        statements.push(database.statements().toSorted());
      }
      expect(ids.get(type)!.length).toBeGreaterThanOrEqual(40);
      expect(new Set(statements.map((names) => names.length))).toHaveLength(1);
      expect(new Set(statements[2]).size).toBe(statements[2]!.length); // None twice.
      expect(statements[2]!.length - 1).toBeLessThanOrEqual(STATEMENTS_MAX);
    },
  );
});
