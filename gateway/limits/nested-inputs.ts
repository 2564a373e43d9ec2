/**
 * Filters hold filters, so a small document may be given any number of them by its variables, and graphql-js makes each
 * anew, with all the fields it might have, before anybody else sees one. So they are counted as they came.
 */
import {
  getNamedType,
  isInputObjectType,
  isInputType,
  typeFromAST,
  type GraphQLInputObjectType,
  type GraphQLInputType,
} from 'graphql';
import { Limited } from '../../resolvers/errors.ts';
import type { Prepared } from '../execution/levels/execute.ts';

/**
 * Objects of types that hold themselves, in the variables of one operation. A filter at all of its own bounds
 * (resolvers/filter.ts) has some hundreds; so many cost about a tenth of a second.
 */
export const NESTED_INPUTS_MAX = 10_000;

/** Of a type: the fields by which it leads to one that holds itself. */
type Ways = ReadonlyMap<string, GraphQLInputObjectType>;

/**
 * Makes the check: it throws Limited for variables past the bound, and looks at no more of them. What does not fit its
 * type is passed over: it is refused by who reads it.
 */
export function nestedInputsCheck(
  max = NESTED_INPUTS_MAX,
): (prepared: Prepared, variables: Readonly<Record<string, unknown>>) => void {
  const known = new WeakMap<Prepared, Ways>();
  const waysOf = waysBetween();
  return (prepared, variables) => {
    let declared = known.get(prepared);
    if (!declared) known.set(prepared, (declared = declaredBy(prepared, waysOf)));
    let seen = 0;
    const look = (value: unknown, ways: Ways, counted: boolean): void => {
      if (Array.isArray(value)) {
        for (const item of value) look(item, ways, counted);
      } else if (typeof value === 'object' && value !== null) {
        if (counted && (seen += 1) > max) throw new Limited('filters inside filters', max, seen);
        for (const [name, type] of ways) {
          if (Object.hasOwn(value, name)) {
            look((value as Record<string, unknown>)[name], waysOf(type), true);
          }
        }
      }
    };
    look(variables, declared, false);
  };
}

/** The variables of an operation by which it is given such objects. */
function declaredBy(
  { schema, operation }: Prepared,
  waysOf: (type: GraphQLInputObjectType) => Ways,
): Ways {
  const ways = new Map<string, GraphQLInputObjectType>();
  for (const { variable, type: written } of operation.variableDefinitions ?? []) {
    const type = typeFromAST(schema, written as never);
    const named = isInputType(type) ? inputObject(type) : null;
    if (named && waysOf(named).size > 0) ways.set(variable.name.value, named);
  }
  return ways;
}

/** Of each type, found once. */
function waysBetween(): (type: GraphQLInputObjectType) => Ways {
  const known = new WeakMap<GraphQLInputObjectType, Ways>();
  return (type) => {
    let ways = known.get(type);
    if (!ways) {
      const all = Object.values(type.getFields()).flatMap((field) => {
        const to = inputObject(field.type);
        return to && leadsToItself(to) ? [[field.name, to] as const] : [];
      });
      known.set(type, (ways = new Map(all)));
    }
    return ways;
  };
}

function inputObject(type: GraphQLInputType): GraphQLInputObjectType | null {
  const named = getNamedType(type);
  return isInputObjectType(named) ? named : null;
}

/** Whether what it holds, at any depth, holds its own type again. */
function leadsToItself(type: GraphQLInputObjectType): boolean {
  const met = new Set<GraphQLInputObjectType>();
  const path = new Set<GraphQLInputObjectType>();
  const meets = (at: GraphQLInputObjectType): boolean => {
    if (path.has(at)) return true;
    if (met.has(at)) return false;
    met.add(at);
    path.add(at);
    const found = Object.values(at.getFields()).some((field) => {
      const to = inputObject(field.type);
      return to !== null && meets(to);
    });
    path.delete(at);
    return found;
  };
  return meets(type);
}
