/** Documents and entities for tests: by the commands, and many at once past them. */
import { newId } from '../../resolvers/keys.ts';
import { LOCAL_VIEWER, type Viewer } from '../../resolvers/policy.ts';
import { statement } from '../../resolvers/sql.ts';
import type { TestDatabase } from './database.ts';
import type { TestGraph } from './graph.ts';

/** A document to be stored as it is; what it mentions are ids of entities. */
export interface SeedDocument {
  readonly title?: string;
  readonly text?: string;
  readonly mentions?: readonly string[];
}

/** Stores documents, with their nodes and mentions, and answers their ids, in order. Two statements. */
export async function seedDocuments(
  database: TestDatabase,
  documents: readonly SeedDocument[],
  { workspaceId }: Viewer = LOCAL_VIEWER,
): Promise<string[]> {
  const rows = documents.map((document) => ({
    id: newId(),
    title: 'A title',
    text: '',
    ...document,
  }));
  const mentions = rows.flatMap(({ id, mentions: to = [] }) =>
    to.map((entityId) => ({ id: newId(), from: id, to: entityId })),
  );
  await database.sql.transaction(async (tx) => {
    await tx.query(DOCUMENTS, [JSON.stringify(rows), workspaceId]);
    await tx.query(MENTIONS, [JSON.stringify(mentions), workspaceId]);
  });
  return rows.map(({ id }) => id);
}

/** Stores entities of a kind by their names, and answers their ids, in order. One statement. */
export async function seedEntities(
  database: TestDatabase,
  names: readonly string[],
  { workspaceId }: Viewer = LOCAL_VIEWER,
): Promise<string[]> {
  const ids = names.map(() => newId());
  await database.sql.query(ENTITIES, [ids, names, workspaceId]);
  return ids;
}

const DOCUMENTS = statement(
  'test.documents',
  `WITH given AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS made(id uuid, title text, text text)
  ), node AS (
    INSERT INTO graph_node (id, workspace_id, kind, key, name, version)
    SELECT id, $2, 'Document', id, title, 1 FROM given RETURNING id
  )
  INSERT INTO document (id, workspace_id, key, title, text)
  SELECT given.id, $2, given.id, given.title, given.text FROM given JOIN node USING (id)`,
);
const MENTIONS = statement(
  'test.mentions',
  `INSERT INTO graph_relation (id, workspace_id, kind, from_id, to_id, version)
  SELECT id, $2, 'MENTIONS', "from", "to", 1
  FROM jsonb_to_recordset($1::jsonb) AS made(id uuid, "from" uuid, "to" uuid)`,
);
const ENTITIES = statement(
  'test.entities',
  `INSERT INTO graph_node (id, workspace_id, kind, key, name, version)
  SELECT id, $3, 'Gene', id, name, 1 FROM unnest($1::uuid[], $2::text[]) AS made(id, name)`,
);

const REFUSED = `__typename ... on Refusal { code message } ... on Invalid { issues { path message } }
  ... on Conflict { expected actual }`;
const SHOWN = '... on Document { id uuid key title text uri metadata version contentHash }';
const MENTIONED =
  '... on Document { mentions(first: 100) { totalCount nodes { count positions document { id } } } }';
const MUTATIONS = {
  putDocument: `($input: PutDocumentInput!) { putDocument(input: $input) { ${REFUSED} ${SHOWN} } }`,
  removeDocument: `($input: RemoveDocumentInput!) { removeDocument(input: $input) { ${REFUSED} ... on RemovedDocument { id } } }`,
  mention: `($input: MentionsInput!) { mention(input: $input) { ${REFUSED} ${MENTIONED} } }`,
  unmention: `($input: UnmentionInput!) { unmention(input: $input) { ${REFUSED} ${MENTIONED} } }`,
} as const;

/** What a mutation answers: of a refusal and of a success, whatever was asked. */
export interface DocumentAnswer {
  readonly id: string;
  readonly uuid: string;
  readonly version: number;
  readonly contentHash: string;
  readonly mentions: { readonly totalCount: number; readonly nodes: readonly object[] };
  readonly issues: readonly { readonly path: string }[];
}

let keys = 0;

/** Functions that send one mutation each and answer its result, success or refusal. */
export function knowledgeOver(graph: TestGraph) {
  const send = async (name: keyof typeof MUTATIONS, input: object, viewer: Viewer) => {
    const source = `mutation ${MUTATIONS[name]}`;
    const data = await graph.data<Record<string, DocumentAnswer>>(source, { input }, { viewer });
    return data[name]!;
  };
  return {
    /** A document of a new key unless given one. */
    put: (input: object = {}, viewer: Viewer = LOCAL_VIEWER) => {
      const fallback = { key: `k${(keys += 1)}`, title: 'A title', text: 'Some text.' };
      return send('putDocument', { ...fallback, ...input }, viewer);
    },
    remove: (input: object, viewer: Viewer = LOCAL_VIEWER) => send('removeDocument', input, viewer),
    mention: (documentId: string, mentions: readonly object[], viewer: Viewer = LOCAL_VIEWER) =>
      send('mention', { documentId, mentions }, viewer),
    unmention: (documentId: string, entityIds: readonly string[], viewer: Viewer = LOCAL_VIEWER) =>
      send('unmention', { documentId, entityIds }, viewer),
  };
}
