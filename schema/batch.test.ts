import SchemaBuilder from '@pothos/core';
import { execute, parse } from 'graphql';
import { expect, test } from 'vitest';
import { BATCH_PLUGIN } from './batch.ts';

type Item = { id: number };

function countingSchema(answer: (parents: readonly Item[], times: number) => (number | Error)[]) {
  const calls: number[][] = [];
  const builder = new SchemaBuilder<{ DefaultFieldNullability: false }>({
    plugins: [BATCH_PLUGIN],
    defaultFieldNullability: false,
  });
  const ItemRef = builder.objectRef<Item>('Item').implement({
    fields: (t) => ({
      id: t.exposeInt('id'),
      twice: t.batch({
        type: 'Int',
        nullable: true,
        args: { times: t.arg.int({ defaultValue: 2 }) },
        batch: (parents, { times }) => {
          calls.push(parents.map((parent) => parent.id));
          return answer(parents, times ?? 2);
        },
      }),
    }),
  });
  builder.queryType({
    fields: (t) => ({
      items: t.field({ type: [ItemRef], resolve: () => [{ id: 1 }, { id: 2 }, { id: 3 }] }),
    }),
  });
  return { schema: builder.toSchema(), calls };
}

test('a batch field is called once for a whole level and once more for other arguments', async () => {
  const { schema, calls } = countingSchema((parents, times) => parents.map(({ id }) => id * times));
  const document = parse('{ items { twice more: twice(times: 10) } }');
  const result = await execute({ schema, document, contextValue: {} });
  expect(result).toEqual({
    data: {
      items: [
        { twice: 2, more: 10 },
        { twice: 4, more: 20 },
        { twice: 6, more: 30 },
      ],
    },
  });
  expect(calls).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ]);
});

test('an Error among the values fails its own parent only', async () => {
  const { schema } = countingSchema((parents) =>
    parents.map(({ id }) => (id === 2 ? new Error('no') : id)),
  );
  const result = await execute({
    schema,
    document: parse('{ items { twice } }'),
    contextValue: {},
  });
  expect(result.data).toEqual({ items: [{ twice: 1 }, { twice: null }, { twice: 3 }] });
  expect(result.errors?.map((error) => error.path)).toEqual([['items', 1, 'twice']]);
});

test('a batch function that answers too few values fails every parent with its name', async () => {
  const { schema } = countingSchema(() => [1]);
  const result = await execute({
    schema,
    document: parse('{ items { twice } }'),
    contextValue: {},
  });
  expect(result.errors).toHaveLength(3);
  expect(result.errors?.[0]?.message).toBe('Item.twice: batch answered 1 values to 3 parents');
});

test('the executor finds the batch function in the extensions of the field', () => {
  const { schema } = countingSchema(() => []);
  const item = schema.getType('Item');
  expect(item).toMatchObject({
    _fields: { twice: { extensions: { batch: expect.any(Function) } } },
  });
});
