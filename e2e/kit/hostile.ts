/** Words that would do something in the languages of our stores, were they ever part of a statement. */
export const HOSTILE = [
  "Robert'); DROP TABLE graph_node; --",
  `x' OR '1'='1`,
  '$1::uuid; DELETE FROM graph_relation',
  'a"b\\c`d',
  'x`}) DETACH DELETE n //',
  "' }) MATCH (n) DETACH DELETE n RETURN ({ id: '",
  '{ "json": [true] }',
  '%_\\%',
  '../../etc/passwd',
  '<script>alert(1)</script>',
  '\u202eright to left\u0007',
] as const;
