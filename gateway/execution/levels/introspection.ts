/** How long the lists of introspection are: they are of the schema itself, so they are known before it is asked. */
import {
  __Directive,
  __Field,
  __Schema,
  __Type,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';

/** Objects that a field of introspection answers. */
export type IntrospectionSizes = ReadonlyMap<GraphQLField<unknown, unknown>, number>;

const known = new WeakMap<GraphQLSchema, IntrospectionSizes>();

/** By definition, of lists only: all types, and of what types hold the mean of those that hold any, rounded up. */
export function introspectionSizes(schema: GraphQLSchema): IntrospectionSizes {
  let sizes = known.get(schema);
  if (!sizes) known.set(schema, (sizes = sizesOf(schema)));
  return sizes;
}

function sizesOf(schema: GraphQLSchema): IntrospectionSizes {
  const types = Object.values(schema.getTypeMap());
  const holders = types.filter((type) => isObjectType(type) || isInterfaceType(type));
  const fields = holders.map((type) => Object.values(type.getFields()));
  const inputs = types.filter(isInputObjectType).map((type) => Object.values(type.getFields()));
  const abstract = types.filter(isAbstractType).map((type) => schema.getPossibleTypes(type));
  const args = (of: readonly { readonly args: readonly unknown[] }[]) =>
    mean(of.map((one) => one.args));
  const lists: readonly [GraphQLObjectType, string, number][] = [
    [__Schema, 'types', types.length],
    [__Schema, 'directives', schema.getDirectives().length],
    [__Type, 'fields', mean(fields)],
    [__Type, 'inputFields', mean(inputs)],
    [__Type, 'enumValues', mean(types.filter(isEnumType).map((type) => type.getValues()))],
    [__Type, 'interfaces', mean(holders.map((type) => type.getInterfaces()))],
    [__Type, 'possibleTypes', mean(abstract)],
    [__Field, 'args', args(fields.flat())],
    [__Directive, 'args', args(schema.getDirectives())],
  ];
  return new Map(lists.map(([type, name, size]) => [type.getFields()[name]!, size]));
}

function mean(lists: readonly (readonly unknown[])[]): number {
  const filled = lists.filter((list) => list.length > 0);
  const all = filled.reduce((sum, list) => sum + list.length, 0);
  return Math.ceil(all / Math.max(1, filled.length));
}
