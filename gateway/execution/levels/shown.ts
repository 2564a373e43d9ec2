/** What an operation shows of each type: batch functions read no more than that. */
import {
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  Kind,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/**
 * By the name of an object type: its fields that the operation selects, at any of its places and whatever its
 * conditions, directly or through an interface. Without `__typename`. The same object for all executions.
 */
export type Shown = ReadonlyMap<string, ReadonlySet<GraphQLField<unknown, unknown>>>;

/** Of a valid operation. Each fragment is looked at once. */
export function fieldsShown(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: Readonly<Record<string, FragmentDefinitionNode>>,
): Shown {
  const shown = new Map<string, Set<GraphQLField<unknown, unknown>>>();
  const seen = new Set<string>();

  function see(type: GraphQLNamedType, name: string): void {
    if (isAbstractType(type)) {
      for (const possible of schema.getPossibleTypes(type)) see(possible, name);
    } else if (isObjectType(type)) {
      const field = type.getFields()[name];
      if (!field) return;
      const fields = shown.get(type.name) ?? new Set();
      shown.set(type.name, fields.add(field));
    }
  }

  function look(set: SelectionSetNode, parent: GraphQLNamedType | undefined): void {
    if (!parent) return;
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        const name = selection.name.value;
        see(parent, name);
        const field =
          isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
        if (field && selection.selectionSet) look(selection.selectionSet, getNamedType(field.type));
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = selection.typeCondition?.name.value;
        look(selection.selectionSet, condition === undefined ? parent : schema.getType(condition));
      } else if (!seen.has(selection.name.value)) {
        seen.add(selection.name.value);
        const fragment = fragments[selection.name.value];
        if (fragment)
          look(fragment.selectionSet, schema.getType(fragment.typeCondition.name.value));
      }
    }
  }

  look(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined);
  return shown;
}
