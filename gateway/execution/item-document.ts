/**
 * What the items of a subscription are executed by: its operation alone, without `after` of the root field, and with
 * the variables that are left. Of two subscribers who differ in form, or in where they are, it is the same.
 *
 *     subscription ($run: ID!, $from: Cursor) { runEvents(runId: $run, after: $from) { seq } }
 *     → subscription ($run: ID!) { runEvents(runId: $run) { seq } }
 */
import {
  getOperationAST,
  parse,
  print,
  separateOperations,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';
import { prepare, type Prepared } from './levels/execute.ts';

export interface ItemDocument {
  /** Its one operation. Without locations: whose text would they be of? */
  readonly prepared: Prepared;
  /** The same for the same meaning: the document printed, and these variables coerced. */
  keyOf(variables: Readonly<Record<string, unknown>>): string;
  /** True once an execution asked who the viewer is: from then on its items are not shared. */
  personal: boolean;
}

/** Says where a reader is, and nothing of what it is sent. */
const PLACE = 'after';

/** Remembers what it made as long as the document lives. The document is valid and has the operation. */
export function itemDocuments(
  schema: GraphQLSchema,
): (document: DocumentNode, operationName: string | null) => ItemDocument {
  const known = new WeakMap<DocumentNode, Map<string, ItemDocument>>();
  return (document, operationName) => {
    const name = getOperationAST(document, operationName)?.name?.value ?? '';
    const ofDocument = known.get(document) ?? new Map<string, ItemDocument>();
    known.set(document, ofDocument);
    const made = ofDocument.get(name) ?? itemDocument(schema, separateOperations(document)[name]!);
    ofDocument.set(name, made);
    return made;
  };
}

function itemDocument(schema: GraphQLSchema, operation: DocumentNode): ItemDocument {
  const text = print(withoutUnused(withoutPlace(schema, operation)));
  const document = parse(text, { noLocation: true });
  const prepared = prepare(schema, document, null);
  return {
    prepared,
    keyOf(variables) {
      const read = prepared.variablesIn(variables);
      return `${JSON.stringify(read.errors ? {} : read.coerced)}\n${text}`;
    },
    personal: false,
  };
}

function withoutPlace(schema: GraphQLSchema, operation: DocumentNode): DocumentNode {
  const types = new TypeInfo(schema);
  const root = schema.getSubscriptionType();
  return visit(
    operation,
    visitWithTypeInfo(types, {
      Argument: ({ name }) =>
        name.value === PLACE && types.getParentType() === root ? null : undefined,
    }),
  );
}

function withoutUnused(operation: DocumentNode): DocumentNode {
  const used = new Set<string>();
  visit(operation, {
    VariableDefinition: () => false,
    Variable: ({ name }) => void used.add(name.value),
  });
  return visit(operation, {
    VariableDefinition: ({ variable }) => (used.has(variable.name.value) ? false : null),
  });
}
