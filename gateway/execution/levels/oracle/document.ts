/** Random operations over a schema: aliases, merged selections, fragments, conditions, arguments and variables. */
import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
} from 'graphql';
import { hashOf, type Random } from './random.ts';
import type { Met } from './values.ts';

export interface RandomOperation {
  readonly text: string;
  readonly variables: Record<string, unknown>;
}

interface Writing {
  readonly schema: GraphQLSchema;
  readonly random: Random;
  readonly met: Met;
  readonly fragments: string[];
  /** Fields that may still be written. */
  left: number;
}

const DEPTH_MAX = 4;
const FIELDS_MAX = 24;

const VARIABLES =
  '($yes: Boolean!, $no: Boolean = false, $n: Int, $must: Int = 3, $color: Color, $shape: Shape, $word: String = "w")';

/** A valid operation. `met` counts what is in it. */
export function randomOperation(schema: GraphQLSchema, random: Random, met: Met): RandomOperation {
  const mutation = random.chance(0.15);
  const root = mutation ? schema.getMutationType()! : schema.getQueryType()!;
  const writing: Writing = {
    schema,
    random,
    met,
    fragments: [],
    left: 3 + random.below(FIELDS_MAX),
  };
  if (mutation) count(met, 'mutations');
  const body = selection(writing, root, 0);
  const text = `${mutation ? 'mutation' : 'query'} Q${VARIABLES} ${body}\n${writing.fragments.join('\n')}`;
  const variables: Record<string, unknown> = { yes: random.chance(0.5) };
  if (random.chance(0.5)) variables['no'] = random.chance(0.5);
  if (random.chance(0.5)) variables['n'] = random.chance(0.2) ? null : random.below(9);
  if (random.chance(0.3)) variables['must'] = random.chance(0.4) ? null : random.below(9);
  if (random.chance(0.5)) variables['color'] = random.pick(['RED', 'BLUE', null]);
  if (random.chance(0.5))
    variables['shape'] = random.chance(0.5) ? { size: 2 } : { size: 1, name: null };
  return { text, variables };
}

function count(met: Met, what: string): void {
  met[what] = (met[what] ?? 0) + 1;
}

function selection(writing: Writing, type: GraphQLCompositeType, depth: number): string {
  const { random } = writing;
  const parts: string[] = [];
  const wanted = 1 + random.below(depth === 0 ? 6 : 4);
  for (let i = 0; i < wanted || parts.length === 0; i += 1) parts.push(part(writing, type, depth));
  return `{ ${parts.join(' ')} }`;
}

function part(writing: Writing, type: GraphQLCompositeType, depth: number): string {
  const { random, met, schema } = writing;
  const roll = random.next();
  if (roll < 0.08) return `${random.chance(0.3) ? 'kind: ' : ''}__typename`;
  if (writing.left > 0 && roll < 0.26) {
    const on = fragmentType(schema, random, type);
    if (isAbstractType(type) || isAbstractType(on)) count(met, 'abstract fragments');
    const condition = directive(writing);
    if (random.chance(0.5)) {
      return `... ${on === type && random.chance(0.3) ? '' : `on ${on.name}`} ${condition} ${selection(writing, on, depth)}`;
    }
    const name = `F${writing.fragments.length}`;
    writing.fragments.push(''); // Its place, before those inside it.
    const body = selection(writing, on, depth);
    writing.fragments[Number(name.slice(1))] = `fragment ${name} on ${on.name} ${body}`;
    count(met, 'named fragments');
    const again = random.chance(0.2) ? ` ...${name}` : '';
    return `...${name} ${condition}${again}`;
  }
  if (!('getFields' in type)) return '__typename';
  return field(writing, type.getFields(), depth);
}

function fragmentType(
  schema: GraphQLSchema,
  random: Random,
  type: GraphQLCompositeType,
): GraphQLCompositeType {
  if (isAbstractType(type)) return random.pick([type, ...schema.getPossibleTypes(type)]);
  return isObjectType(type) && type.getInterfaces().length > 0 && random.chance(0.5)
    ? random.pick(type.getInterfaces())
    : type;
}

function field(
  writing: Writing,
  fields: Readonly<Record<string, GraphQLField<unknown, unknown>>>,
  depth: number,
): string {
  const { random } = writing;
  writing.left -= 1;
  const { leaves, composites } = sorted(fields);
  const deep = depth < DEPTH_MAX && writing.left > 0 && random.chance(0.6);
  const isDeep = deep && composites.length > 0;
  const chosen = random.pick(isDeep ? composites : leaves);
  const args = chosen.args.length > 0 && random.chance(0.6) ? argumentsText(writing) : '';
  // The same key is the same field with the same arguments, so that selections merge and never conflict.
  const key = args
    ? `${chosen.name}_${hashOf(args).toString(36)}: `
    : random.chance(0.2)
      ? `a_${chosen.name}: `
      : '';
  const below = isDeep
    ? selection(writing, getNamedType(chosen.type) as GraphQLCompositeType, depth + 1)
    : '';
  return `${key}${chosen.name}${args} ${directive(writing)} ${below}`;
}

type Fields = Readonly<Record<string, GraphQLField<unknown, unknown>>>;
const known = new WeakMap<
  Fields,
  Record<'leaves' | 'composites', GraphQLField<unknown, unknown>[]>
>();

function sorted(fields: Fields) {
  let both = known.get(fields);
  if (!both) {
    const all = Object.values(fields);
    const composites = all.filter(({ type }) => isCompositeType(getNamedType(type)));
    const leaves = all.filter((one) => !composites.includes(one));
    known.set(fields, (both = { leaves, composites }));
  }
  return both;
}

function argumentsText({ random, met }: Writing): string {
  const parts: string[] = [];
  if (random.chance(0.6)) parts.push(`n: ${random.pick(['1', '$n', 'null'])}`);
  if (random.chance(0.3)) parts.push(`must: ${random.pick(['2', '$must'])}`);
  if (random.chance(0.3)) parts.push(`color: ${random.pick(['GREEN', '$color'])}`);
  if (random.chance(0.3))
    parts.push(`shape: ${random.pick(['$shape', '{ size: 4 }', '{ size: $must2 }'].slice(0, 2))}`);
  if (random.chance(0.3))
    parts.push(`list: ${random.pick(['["a", "b"]', '"c"', '[$word]'].slice(0, 2))}`);
  if (parts.some((text) => text.includes('$'))) count(met, 'variables in arguments');
  return parts.length > 0 ? `(${parts.join(', ')})` : '';
}

function directive({ random, met }: Writing): string {
  const roll = random.next();
  if (roll > 0.16) return '';
  const name = random.pick(['skip', 'include']);
  const value = random.pick(['true', 'false', '$yes', '$no']);
  count(met, value.startsWith('$') ? 'variables in directives' : 'literal directives');
  return `@${name}(if: ${value})`;
}
