/**
 * `batch` beside a field: it is given a whole level, parents in, values (or an Error each) in the same order out.
 * The executor reads `extensions.batch`; where a schema runs on graphql-js, the field's resolver gathers the level
 * through a DataLoader that lives for one execution. Set on the field's configuration, not by wrapping its
 * resolver: a wrapped field would be executed parent by parent.
 */
import SchemaBuilder, {
  BasePlugin,
  RootFieldBuilder,
  type FieldKind,
  type InputFieldMap,
  type InputShapeFromFields,
  type PothosOutputFieldConfig,
  type SchemaTypes,
  type ShapeFromTypeParam,
  type TypeParam,
  type FieldNullability,
} from '@pothos/core';
import DataLoader from 'dataloader';
import type { GraphQLField } from 'graphql';

/** By type: its fields that the operation shows. Undefined where it is not known: then as if it were all. */
export type Shown = ReadonlyMap<string, ReadonlySet<GraphQLField<unknown, unknown>>> | undefined;

/** Whether of this type no other fields are shown; false where it is not known. */
export function showsOnly(shown: Shown, type: string, names: readonly string[]): boolean {
  return (
    shown !== undefined && [...(shown.get(type) ?? [])].every(({ name }) => names.includes(name))
  );
}

/** The form in which a field's batch function lies in `extensions.batch`. */
export type BatchFunction = (
  parents: readonly unknown[],
  args: Record<string, unknown>,
  context: object,
  shown?: Shown,
) => Promise<readonly unknown[]> | readonly unknown[];

/**
 * A field whose values are made for all its parents at once. `needs` names what it reads of its parents, for which
 * no more is read than what is shown; without it, they are read whole.
 */
export type BatchFieldOptions<
  Types extends SchemaTypes,
  ParentShape,
  Type extends TypeParam<Types>,
  Nullable extends FieldNullability<Type>,
  Args extends InputFieldMap,
  Needs extends keyof ParentShape,
> = Omit<
  PothosSchemaTypes.ObjectFieldOptions<Types, ParentShape, Type, Nullable, Args, unknown>,
  'resolve'
> & {
  needs?: readonly (Needs & string)[];
  /** All parents of a level in one call; as many values out, in the same order. */
  batch: (
    parents: readonly Pick<ParentShape, NoInfer<Needs>>[],
    args: InputShapeFromFields<Args>,
    context: Types['Context'],
    shown: Shown,
  ) => BatchAnswer<ShapeFromTypeParam<Types, Type, Nullable>>;
};

declare global {
  // oxlint-disable-next-line typescript/no-namespace -- how Pothos is extended
  export namespace PothosSchemaTypes {
    export interface FieldOptions<
      Types extends SchemaTypes = SchemaTypes,
      ParentShape = unknown,
      Type extends TypeParam<Types> = TypeParam<Types>,
      Nullable extends FieldNullability<Type> = FieldNullability<Type>,
      Args extends InputFieldMap = InputFieldMap,
      ResolveShape = unknown,
      ResolveReturnShape = unknown,
    > {
      /** What `resolve` reads of its parent: see `batch`. */
      needs?: readonly (keyof ParentShape & string)[];
    }
    export interface Plugins<Types extends SchemaTypes> {
      batch: BatchPlugin<Types>;
    }
    export interface RootFieldBuilder<
      Types extends SchemaTypes,
      ParentShape,
      Kind extends FieldKind = FieldKind,
    > {
      /** As `field`, but with `batch` in place of `resolve`. */
      batch<
        Type extends TypeParam<Types>,
        const Nullable extends FieldNullability<Type> = Types['DefaultFieldNullability'],
        Args extends InputFieldMap = {},
        Needs extends keyof ParentShape = keyof ParentShape,
      >(
        options: BatchFieldOptions<Types, ParentShape, Type, Nullable, Args, Needs>,
      ): FieldRef<Types, ShapeFromTypeParam<Types, Type, Nullable>, Kind>;
    }
  }
}

type BatchAnswer<Value> = readonly (Value | Error)[] | Promise<readonly (Value | Error)[]>;

interface Options {
  readonly batch?: BatchFunction;
  readonly needs?: readonly string[];
}

class BatchPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(
    config: PothosOutputFieldConfig<Types>,
  ): PothosOutputFieldConfig<Types> {
    const { batch, needs } = config.pothosOptions as Options;
    const extensions = { ...config.extensions, ...(needs ? { needs } : {}) };
    if (!batch) return { ...config, extensions };
    const coordinate = `${config.parentType}.${config.name}`;
    return {
      ...config,
      extensions: { ...extensions, batch },
      resolve: (parent: unknown, args: object, context: object) =>
        gather(coordinate, batch, args as Record<string, unknown>, context).load(parent),
    };
  }
}

type Gatherers = Map<string, DataLoader<unknown, unknown>>;
const executions = new WeakMap<object, Gatherers>();

/** One loader per execution, field and arguments. The context is new for each execution. */
function gather(
  coordinate: string,
  batch: BatchFunction,
  args: Record<string, unknown>,
  context: object,
): DataLoader<unknown, unknown> {
  let gatherers = executions.get(context);
  if (!gatherers) executions.set(context, (gatherers = new Map()));
  const key = `${coordinate} ${JSON.stringify(args)}`;
  let gatherer = gatherers.get(key);
  if (!gatherer) {
    gatherer = new DataLoader<unknown, unknown>(
      async (parents: readonly unknown[]): Promise<readonly unknown[]> => {
        const values = await batch(parents, args, context);
        if (values.length !== parents.length) {
          throw new Error(
            `${coordinate}: batch answered ${values.length} values to ${parents.length} parents`,
          );
        }
        return values;
      },
      { cache: false },
    );
    gatherers.set(key, gatherer);
  }
  return gatherer;
}

RootFieldBuilder.prototype.batch = function batch(
  this: { field(options: object): unknown },
  options: object,
) {
  return this.field({ ...options, resolve: () => undefined }); // Replaced in onOutputFieldConfig.
} as never;

const NAME = 'batch';
SchemaBuilder.registerPlugin(NAME, BatchPlugin);

/** To be named in the builder's `plugins`. */
export const BATCH_PLUGIN: typeof NAME = NAME;
