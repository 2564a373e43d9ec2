/** An operation reads the columns of what it shows, and no other; what it shows is the same whatever else it shows. */
import {
  getNamedType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
  type GraphQLField,
  type GraphQLObjectType,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { seedAgents } from '../e2e/kit/agents.ts';
import { openGraph, type TestGraph } from '../e2e/kit/graph.ts';
import { entityNamed } from '../resolvers/entities.ts';
import { putDocument } from '../resolvers/knowledge/commands.ts';
import { seedLargeWorld } from '../resolvers/seed/large-world.ts';
import type { Statement } from '../resolvers/sql.ts';
import { neededBy } from './columns.ts';
import { schema } from './index.ts';

/** Where rows of a type are found as those of a list, whose columns depend on what is shown. */
const LISTS: Readonly<Record<string, (fields: string) => string>> = {
  Workflow: (fields) => `{ workflows(first: 9) { nodes { ${fields} } } }`,
  WorkflowVersion: (fields) =>
    `{ workflows(first: 9) { nodes { versions(first: 9) { nodes { ${fields} } } } } }`,
  Run: (fields) => `{ runs(first: 9) { nodes { ${fields} } } }`,
  StepRun: (fields) => `{ runs(first: 9) { nodes { steps(first: 9) { nodes { ${fields} } } } } }`,
  Attempt: (fields) =>
    `{ runs(first: 9) { nodes { steps(first: 9) { nodes { attempts { nodes { ${fields} } } } } } } }`,
  RunEvent: (fields) => `{ runs(first: 9) { nodes { events(first: 9) { nodes { ${fields} } } } } }`,
  Artifact: (fields) =>
    `{ runs(first: 9) { nodes { artifacts(first: 9) { nodes { ${fields} } } } } }`,
  Check: (fields) =>
    `{ runs(first: 9) { nodes { artifacts(first: 9) { nodes { checks { nodes { ${fields} } } } } } } }`,
  Agent: (fields) => `{ agents(first: 9) { nodes { ${fields} } } }`,
  AgentConfiguration: (fields) =>
    `{ agents(first: 9) { nodes { configurations { nodes { ${fields} } } } } }`,
  AgentAssignment: (fields) =>
    `{ agents(first: 9) { nodes { assignments { nodes { ${fields} } } } } }`,
  Document: (fields) => `{ documents(first: 9) { nodes { ${fields} } } }`,
  Entity: (fields) => `{ entities(first: 9) { nodes { ${fields} } } }`,
  EntityRelation: (fields) => `{ entityRelations(first: 9) { nodes { ${fields} } } }`,
};

/** Of walks, not of rows: their nodes come whole. */
const WALKED = ['Mention'];

const fieldsOf = (type: string): GraphQLField<unknown, unknown>[] =>
  Object.values((schema.getType(type) as GraphQLObjectType).getFields());

test('every list of rows is tried', () => {
  const edges = Object.keys(schema.getTypeMap()).filter((name) => name.endsWith('Edge'));
  const rows = edges.map((name) => name.slice(0, -'Edge'.length));
  expect(Object.keys(LISTS).toSorted()).toEqual(
    rows.filter((name) => schema.getType(name) && !WALKED.includes(name)).toSorted(),
  );
});

test.each(Object.keys(LISTS))('each field of %s says which columns it needs', (type) => {
  const entity = entityNamed(type);
  for (const field of fieldsOf(type)) {
    const needed = neededBy(field);
    expect(needed, `${type}.${field.name}`).toBeDefined();
    for (const name of needed!) expect(Object.keys(entity.columns)).toContain(name);
  }
});

/** A field as it is asked for, with something below it. */
function asked({ name: bare, args, type }: GraphQLField<unknown, unknown>): string {
  const of = getNamedType(type);
  const required = args.filter(isRequiredArgument).map((arg) => `${arg.name}: "one"`);
  const name = required.length > 0 ? `${bare}(${required.join(', ')})` : bare;
  if (isLeafType(of)) return name;
  if (!isObjectType(of)) return `${name} { __typename }`;
  if ('nodes' in of.getFields()) return `${name} { nodes { __typename } }`;
  const leaf = Object.values(of.getFields()).find((field) => isLeafType(getNamedType(field.type)));
  return `${name} { ${leaf?.name ?? '__typename'} }`;
}

describe.each(DATABASES)('columns ($name)', ({ open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  let read: Statement<unknown>[] = [];
  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
    await seedLargeWorld(graph.ctx(), { runs: 40, told: () => undefined });
    await seedAgents(graph.ctx(), 3);
    await putDocument(graph.ctx(), { key: 'a', title: 'A document', text: 'Of an agent.' });
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  /** The answer, with its statements noted. */
  async function ask(query: string): Promise<string> {
    read = [];
    const { lookUp: _, ...sql } = database.sql; // Its look-ups are statements of its own.
    const noted = {
      ...sql,
      query: <Row>(statement: Statement<Row>, values?: readonly unknown[]) => {
        read.push(statement);
        return sql.query(statement, values);
      },
    };
    return JSON.stringify(await graph.data(query, {}, { sql: noted }));
  }

  test.each(Object.entries(LISTS))(
    '%s: a field alone is what it is among all others',
    async (type, list) => {
      const fields = fieldsOf(type).map(asked);
      const all = JSON.parse(await ask(list(fields.join('\n')))) as object;
      for (const [at, field] of fieldsOf(type).entries()) {
        const alone = await ask(list(`${fields[at]}`));
        const picked = JSON.stringify(all, (key, value: unknown) =>
          key === 'nodes' && isRows(value, fieldsOf(type))
            ? value.map((row) => ({ [field.name]: row[field.name] }))
            : value,
        );
        expect(alone, field.name).toBe(picked);
      }
    },
  );

  test('a list reads the columns of what is shown, keys of what hangs below, and no cursor that nobody asked for', async () => {
    await ask('{ runs(first: 2) { nodes { status steps(first: 2) { nodes { name } } } } }');
    expect(read.map(({ name }) => name)).toEqual(['runs.list', 'stepRuns.byRun']);
    expect(columnsIn(read[0]!)).toEqual(['id', 'status']);
    expect(columnsIn(read[1]!)).toEqual(['name']);
    await ask('{ runs(first: 2) { pageInfo { endCursor } nodes { status } } }');
    expect(columnsIn(read[0]!)).toEqual(['createdAt', 'id', 'status']);
    await ask('{ runs(first: 2) { edges { cursor } } }');
    expect(columnsIn(read[0]!)).toEqual(['createdAt', 'id']);
    await ask('{ runs(first: 2) { pageInfo { hasNextPage } } }');
    expect(columnsIn(read[0]!)).toEqual([]);
  });

  test('a look-up that several fields share reads what any of them shows, by one statement', async () => {
    const query = `{ runs(first: 5) { nodes {
      workflow { name }
      steps(first: 2) { nodes { run { workflow { kind } } } }
    } } }`;
    await ask(query);
    const workflows = read.filter(({ name }) => name === 'workflows.byIds');
    expect(workflows).toHaveLength(1);
    expect(columnsIn(workflows[0]!)).toEqual(['id', 'kind', 'name']);
  });
});

function isRows(
  value: unknown,
  fields: readonly { name: string }[],
): value is Record<string, unknown>[] {
  return (
    Array.isArray(value) && value.some((row) => fields.every(({ name }) => name in (row as object)))
  );
}

/** Names of the columns that a statement answers. */
function columnsIn({ text }: Statement<unknown>): string[] {
  return [...text.matchAll(/ AS "(\w+)"/g)].map(([, name]) => name!).toSorted();
}
