/**
 * graphql-yoga over Pothos and DataLoader, what a gateway of the same parts is without an executor of its own. JIT=1
 * executes by graphql-jit, else graphql-js does. No logging, no pages; parsed documents are kept, as by default.
 */
import { createServer } from 'node:http';
import { useGraphQlJit } from '@envelop/graphql-jit';
import { createYoga } from 'graphql-yoga';
import { listen, openPool, setting } from './listen.ts';
import { openRows } from './rows.ts';
import { contextOf, schema } from './yoga-schema.ts';

const rows = openRows(openPool());
const yoga = createYoga({
  schema,
  context: () => contextOf(rows),
  plugins: setting('JIT') === '1' ? [useGraphQlJit()] : [],
  logging: false,
  graphiql: false,
  landingPage: false,
});
listen(createServer((request, response) => void yoga(request, response)));
