/** Types of the oracle's world: leaves of every kind, one input, and what lies around a type. */
import {
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLFloat,
  GraphQLID,
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLScalarType,
  GraphQLString,
  type GraphQLOutputType,
} from 'graphql';

/** How a field's values are made: a property, a method, a resolver of four kinds, or a batch function. */
export const KINDS = [
  'property',
  'method',
  'plain',
  'info',
  'later',
  'batch',
  'batchLater',
] as const;
export type Kind = (typeof KINDS)[number];

export const COLOR = new GraphQLEnumType({
  name: 'Color',
  values: { RED: { value: 1 }, BLUE: { value: 'b' }, GREEN: {} },
});
export const PAIR = new GraphQLScalarType({
  name: 'Pair',
  serialize: (value) => {
    if (value === 'odd') throw new Error('not a pair');
    return value === 'nothing' ? null : { of: value };
  },
});
export const SHAPE = new GraphQLInputObjectType({
  name: 'Shape',
  fields: {
    size: { type: new GraphQLNonNull(GraphQLInt) },
    name: { type: GraphQLString, defaultValue: 'x' },
  },
});

/** Types of leaves, by the name of their fields. */
export const LEAVES: Readonly<Record<string, GraphQLOutputType>> = {
  text: GraphQLString,
  int: GraphQLInt,
  float: GraphQLFloat,
  yes: GraphQLBoolean,
  key: GraphQLID,
  color: COLOR,
  pair: PAIR,
};

/** Lists and bounds around a type. */
export const WRAPPINGS: Readonly<Record<string, (type: GraphQLOutputType) => GraphQLOutputType>> = {
  One: (type) => type,
  Must: (type) => nonNull(type),
  Some: (type) => new GraphQLList(type),
  All: (type) => nonNull(new GraphQLList(nonNull(type))),
  Grid: (type) => new GraphQLList(nonNull(new GraphQLList(type))),
};

function nonNull(type: GraphQLOutputType): GraphQLOutputType {
  return new GraphQLNonNull(type as never);
}

/** The same without any non-null. */
export function bare(type: GraphQLOutputType): GraphQLOutputType {
  if (type instanceof GraphQLNonNull) return bare(type.ofType);
  return type instanceof GraphQLList ? new GraphQLList(bare(type.ofType)) : type;
}
