/**
 * `@neo4j/graphql` as its documentation has it: labels and types of its own, indexed, walks by nested selections, and
 * `@cypher` for what those cannot say; served by graphql-yoga, which caches documents as its own guides advise.
 */
import { createServer } from 'node:http';
import { Neo4jGraphQL } from '@neo4j/graphql';
import { createYoga } from 'graphql-yoga';
import neo4j from 'neo4j-driver';
import { listen, setting } from '../../answers/servers/listen.ts';

const TYPES = `
  type Place @node {
    id: ID!
    key: String!
    name: String!
    linksTo: [Place!]! @relationship(type: "LINKS", direction: OUT)
  }
  type Thing @node {
    id: ID!
    key: String!
    name: String!
    madeOf: [Thing!]! @relationship(type: "MADE_OF", direction: OUT)
    madeBy: [Job!]! @relationship(type: "MADE_BY", direction: OUT)
  }
  type Job @node {
    id: ID!
    uses: [Thing!]! @relationship(type: "USES", direction: OUT)
  }
  type Query {
    shortest(from: ID!, to: ID!): [Place!]! @cypher(
      statement: """
      MATCH (a:Place {id: $from}), (b:Place {id: $to})
      MATCH path = shortestPath((a)-[:LINKS*1..8]->(b))
      UNWIND nodes(path) AS place
      RETURN place
      """
      columnName: "place"
    )
  }
`;

const driver = neo4j.driver(setting('NEO4J_URL'), undefined, {
  maxConnectionPoolSize: Number(setting('CONNECTIONS')),
});
const schema = await new Neo4jGraphQL({ typeDefs: TYPES, driver }).getSchema();
const yoga = createYoga({ schema, logging: false, graphiql: false });
listen(createServer((request, response) => void yoga(request, response)));
