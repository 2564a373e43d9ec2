/** Packages that only the benchmark has, and only when it runs (rivals.ts): where they are absent, without types. */
declare module '@envelop/graphql-jit';
declare module '@neo4j/graphql';
declare module 'fastify';
declare module 'mercurius';
declare module 'postgraphile';
declare module 'postgraphile/adaptors/pg';
declare module 'postgraphile/grafserv/node';
declare module 'postgraphile/presets/amber';
declare module 'postgraphile/utils';
