/** The concrete type of an object, and what is told where it has none: the words are those of graphql-js. */
import {
  GraphQLError,
  isObjectType,
  type GraphQLAbstractType,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
} from 'graphql';
import { inspect } from 'graphql/jsutils/inspect.js';
import type { PlannedField } from './plan.ts';
import { isThenable, type Asked } from './asked.ts';

/** The type that `resolveType` named. Throws a GraphQLError where it is none of the abstract type's. */
export function concreteType(
  name: unknown,
  abstract: GraphQLAbstractType,
  object: unknown,
  info: GraphQLResolveInfo,
): GraphQLObjectType {
  const place = `${info.parentType.name}.${info.fieldName}`;
  const refuse = (message: string, located = true): never => {
    throw new GraphQLError(message, located ? { nodes: info.fieldNodes } : {});
  };
  if (name === null || name === undefined) {
    return refuse(
      `Abstract type "${abstract.name}" must resolve to an Object type at runtime for field "${place}". Either the "${abstract.name}" type should provide a "resolveType" function or each possible type should provide an "isTypeOf" function.`,
    );
  }
  if (isObjectType(name)) {
    return refuse(
      'Support for returning GraphQLObjectType from resolveType was removed in graphql-js@16.0.0 please return type name instead.',
      false,
    );
  }
  if (typeof name !== 'string') {
    return refuse(
      `Abstract type "${abstract.name}" must resolve to an Object type at runtime for field "${place}" with value ${inspect(object)}, received "${inspect(name)}".`,
      false,
    );
  }
  const type = info.schema.getType(name);
  if (!type) {
    return refuse(
      `Abstract type "${abstract.name}" was resolved to a type "${name}" that does not exist inside the schema.`,
    );
  }
  if (!isObjectType(type)) {
    return refuse(`Abstract type "${abstract.name}" was resolved to a non-object type "${name}".`);
  }
  if (!info.schema.isSubType(abstract, type)) {
    return refuse(
      `Runtime Object type "${type.name}" is not a possible type for "${abstract.name}".`,
    );
  }
  return type;
}

/** The type itself where its `isTypeOf`, if any, agrees. Throws a GraphQLError where it does not. */
export function ofType(
  type: GraphQLObjectType,
  object: unknown,
  { contextValue }: Pick<Asked, 'contextValue'>,
  info: GraphQLResolveInfo,
  field: PlannedField,
): GraphQLObjectType | PromiseLike<GraphQLObjectType> {
  const judge = (is: unknown): GraphQLObjectType => {
    if (is) return type;
    throw new GraphQLError(`Expected value of type "${type.name}" but got: ${inspect(object)}.`, {
      nodes: field.nodes,
    });
  };
  if (!type.isTypeOf) return type;
  const is: unknown = type.isTypeOf(object, contextValue, info);
  return isThenable(is) ? is.then(judge) : judge(is);
}
