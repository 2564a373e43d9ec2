import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { seedRandomWorld, type RandomWorld, type Thing } from '../e2e/kit/random-world.ts';
import { contextOver, otherViewer } from '../e2e/kit/world.ts';
import type { AnyEntity, Entity, OrderTerm } from './entity.ts';
import { Invalid, Limited } from './errors.ts';
import type { Connection } from './connection.ts';
import { LEVEL_ROWS_MAX, listOf, listsOf, type ListArgs } from './list.ts';
import { PAGE, writeCursor } from './page.ts';
import { runsOfWorkflows } from './runs/queries.ts';
import { ARTIFACT } from './artifacts/entities.ts';
import { RUN, WORKFLOW } from './runs/entities.ts';

type Row = { readonly id: string };

/** Each order alone both ways, and some together. */
function orders(entity: AnyEntity): (readonly OrderTerm[] | null)[] {
  const both = (field: string): OrderTerm[][] => [
    [{ field, direction: 'ASC' }],
    [{ field, direction: 'DESC' }],
  ];
  const [first, second, third] = entity.orders as [string, string, string];
  return [
    null,
    ...entity.orders.flatMap(both),
    [
      { field: second, direction: 'DESC' },
      { field: first, direction: 'ASC' },
    ],
    [
      { field: third, direction: 'ASC' },
      { field: second, direction: 'DESC' },
      { field: first, direction: 'DESC' },
    ],
  ];
}

const LISTS: readonly [string, AnyEntity, readonly OrderTerm[] | null][] = [
  WORKFLOW as AnyEntity,
  RUN as AnyEntity,
  ARTIFACT as AnyEntity,
].flatMap((entity) =>
  orders(entity).map((order): [string, AnyEntity, readonly OrderTerm[] | null] => [
    `${entity.plural} by ${order?.map(({ field, direction }) => `${field} ${direction}`).join(', ') ?? 'default'}`,
    entity,
    order,
  ]),
);

describe.each(DATABASES)('lists ($name)', ({ open }) => {
  let database: TestDatabase;
  let world: RandomWorld;
  beforeAll(async () => {
    database = await open();
    world = await seedRandomWorld(database, 7, { workflows: 25, runs: 6, steps: 2, artifacts: 2 });
  });
  afterAll(() => database.close());

  const page = (entity: AnyEntity, args: ListArgs) =>
    listOf(contextOver(database), entity as Entity<Row>, args);
  const ids = ({ nodes }: Connection<Row>) => nodes.map(({ id }) => id);
  const count = async (entity: AnyEntity) =>
    (await page(entity, { first: 0 })).counter(contextOver(database));

  test.each(LISTS)(
    '%s: pages of 7 hold each row once, forward and backward',
    async (_, entity, orderBy) => {
      const all: string[] = [];
      for (let after: string | null = null, more = true; more;) {
        const next = await page(entity, { orderBy, first: 7, after });
        expect(next.hasPreviousPage).toBe(after !== null);
        all.push(...ids(next));
        more = next.hasNextPage;
        after = next.nodes.length > 0 ? next.cursorOf(next.nodes.at(-1)!) : null;
      }
      expect(new Set(all).size).toBe(all.length);
      expect([all.length]).toEqual(await count(entity));

      const backward: string[] = [];
      for (let before: string | null = null, more = true; more;) {
        const next = await page(entity, { orderBy, last: 7, before });
        expect(next.hasNextPage).toBe(before !== null);
        backward.unshift(...ids(next));
        more = next.hasPreviousPage;
        before = next.nodes.length > 0 ? next.cursorOf(next.nodes[0]!) : null;
      }
      expect(backward).toEqual(all);
    },
  );

  test('null is smallest: first ascending, last descending', async () => {
    for (const direction of ['ASC', 'DESC'] as const) {
      const orderBy = [{ field: 'finishedAt', direction }];
      const { nodes } = await listOf(contextOver(database), RUN, { orderBy, first: 100 });
      const times = nodes.map(({ finishedAt }) => finishedAt?.getTime() ?? -Infinity);
      expect(times).toEqual(times.toSorted((a, b) => (direction === 'ASC' ? a - b : b - a) || 0));
      expect(times).toContain(-Infinity);
    }
  });

  test('a page between two cursors holds what lies strictly between', async () => {
    const all = await page(RUN, { first: 10 });
    const [from, to] = [all.nodes[2]!, all.nodes[6]!].map((row) => all.cursorOf(row));
    const between = { after: from!, before: to! };
    expect(ids(await page(RUN, { ...between, first: 10 }))).toEqual(ids(all).slice(3, 6));
    expect(ids(await page(RUN, { ...between, last: 2 }))).toEqual(ids(all).slice(4, 6));
  });

  test('rows that come and go while paging neither repeat nor hide the others', async () => {
    const orderBy: OrderTerm[] = [{ field: 'name', direction: 'ASC' }];
    const first = await page(WORKFLOW, { orderBy, first: 10 });
    const after = first.cursorOf(first.nodes.at(-1)!);
    const rest = ids(await page(WORKFLOW, { orderBy, first: 100, after }));
    await database.sql
      .transaction(async (tx) => {
        await tx.query(
          { name: 'test.gone', prepared: false, text: 'DELETE FROM workflow WHERE id = $1' },
          [first.nodes.at(-1)!.id],
        );
        expect(
          ids(
            await listOf(contextOver(database, { sql: tx }), WORKFLOW as unknown as Entity<Row>, {
              orderBy,
              first: 100,
              after,
            }),
          ),
        ).toEqual(rest);
        throw new Error('roll back');
      })
      .catch((error: Error) => expect(error.message).toBe('roll back'));
  });

  test('sizes: 0 to 100, one past it and below it INVALID with the bound, and one direction only', async () => {
    expect((await page(RUN, { first: 0 })).nodes).toEqual([]);
    expect((await page(RUN, { first: 0 })).hasNextPage).toBe(true);
    expect((await page(RUN, { first: PAGE.max })).nodes).toHaveLength(
      Math.min(world.runs.length, 100),
    );
    await expect(page(RUN, { first: PAGE.max + 1 })).rejects.toThrow(
      'first: must be 0 to 100, got 101',
    );
    await expect(page(RUN, { last: 101 })).rejects.toThrow('last: must be 0 to 100, got 101');
    await expect(page(RUN, { first: -1 })).rejects.toThrow(Invalid);
    await expect(page(RUN, { first: 1, last: 1 })).rejects.toThrow(/one direction/);
    expect((await page(RUN, {})).nodes).toHaveLength(PAGE.fallback);
  });

  test('a cursor that is damaged, or of another list, order or filter, is INVALID', async () => {
    const first = await page(RUN, { first: 1 });
    const cursor = first.cursorOf(first.nodes[0]!);
    for (let at = 0; at < cursor.length; at += 1) {
      const damaged = cursor.slice(0, at) + (cursor[at] === 'A' ? 'B' : 'A') + cursor.slice(at + 1);
      await expect(page(RUN, { after: damaged })).rejects.toThrow(/^after: is not a cursor/);
    }
    const elsewhere: [AnyEntity, ListArgs][] = [
      [RUN, { orderBy: [{ field: 'createdAt', direction: 'ASC' }] }],
      [RUN, { filter: { status: { eq: 'FAILED' } } }],
      [WORKFLOW, {}],
    ];
    for (const [entity, args] of elsewhere) {
      await expect(page(entity, { ...args, after: cursor })).rejects.toThrow(Invalid);
      await expect(page(entity, { ...args, before: cursor })).rejects.toThrow(/^before: /);
    }
    await expect(page(RUN, { after: '' })).rejects.toThrow(Invalid);
  });

  test('a cursor made by hand, with values that no row can have, is INVALID', async () => {
    const order = (direction: string) => RUN.order.map(({ field }) => `${field} ${direction}`);
    const binding = `Run ${[...order('DESC'), 'id DESC'].join(',')} {}`;
    const first = await page(RUN, { first: 1 });
    const { nodes } = first;
    const { createdAt, id } = nodes[0] as { createdAt: Date; id: string };
    expect(writeCursor(binding, [createdAt.getTime(), id])).toBe(first.cursorOf(nodes[0]!)); // The forger knows how.
    for (const position of [['x', 'y'], [1, 'y'], ['x', id], [{}, {}], null, 5, 'x']) {
      const forged = writeCursor(binding, position as never);
      await expect(page(RUN, { after: forged })).rejects.toThrow(/^after: is not a cursor/);
      await expect(page(RUN, { before: forged })).rejects.toThrow(/^before: is not a cursor/);
    }
  });

  test('an order has at most four words, each once', async () => {
    const term = (field: string): OrderTerm => ({ field, direction: 'ASC' });
    const five = ['createdAt', 'startedAt', 'finishedAt', 'updatedAt', 'status'].map(term);
    expect((await page(RUN, { orderBy: five.slice(0, 4) })).nodes.length).toBeGreaterThan(0);
    await expect(page(RUN, { orderBy: five })).rejects.toThrow(/at most 4/);
    await expect(page(RUN, { orderBy: [term('status'), term('status')] })).rejects.toThrow(/twice/);
  });

  test('a total is counted only when asked for, past the pages, within the filter', async () => {
    database.statements();
    const filter = { status: { eq: 'FAILED' } };
    const list = await page(RUN, { filter, first: 1 });
    expect(database.statements()).toEqual(['runs.list']);
    const failed = world.runs.filter(({ status }) => status === 'FAILED').length;
    expect(await list.counter(contextOver(database))).toEqual([failed]);
    expect(database.statements()).toEqual(['runs.count']);
  });

  describe('of many parents', () => {
    const runsOf = (workflow: Thing, order: (a: Thing, b: Thing) => number) =>
      (workflow['runs'] as Thing[]).toSorted(order).map(({ id }) => id);
    const newestFirst = (a: Thing, b: Thing) =>
      (b['createdAt'] as Date).getTime() - (a['createdAt'] as Date).getTime() ||
      (String(a['id']) < String(b['id']) ? 1 : -1);
    const parents = () => world.workflows.map(({ id }) => ({ id: String(id) }));

    test('each has its own window, first or last, in one statement', async () => {
      for (const args of [{ first: 2 }, { last: 2 }]) {
        database.statements();
        const windows = await runsOfWorkflows(contextOver(database), parents(), args);
        expect(database.statements()).toEqual(['runs.byWorkflow']);
        const expected = world.workflows.map((workflow) => {
          const runs = runsOf(workflow, newestFirst);
          return 'first' in args ? runs.slice(0, 2) : runs.slice(-2);
        });
        expect(windows.map(({ nodes }) => nodes.map(({ id }) => id))).toEqual(expected);
        const sizes = world.workflows.map(({ runs }) => (runs as Thing[]).length);
        expect(
          windows.map((window) => ('first' in args ? window.hasNextPage : window.hasPreviousPage)),
        ).toEqual(sizes.map((size) => size > 2));
      }
    });

    test('their totals are one statement', async () => {
      const windows = await runsOfWorkflows(contextOver(database), parents(), { first: 1 });
      database.statements();
      const totals = await Promise.all(
        windows.map(async ({ counter, index }) => (await counter(contextOver(database)))[index]),
      );
      expect(totals).toEqual(world.workflows.map(({ runs }) => (runs as Thing[]).length));
      expect(database.statements()).toEqual(['runs.byWorkflow.count']);
    });

    test('one workflow twice and one of nobody get what is theirs', async () => {
      const workflow = world.workflows.find(({ runs }) => (runs as Thing[]).length > 1)!;
      const id = String(workflow['id']);
      const windows = await runsOfWorkflows(
        contextOver(database),
        [{ id }, { id: '019a5f00-0000-7000-8000-000000000001' }, { id }],
        {},
      );
      const runs = runsOf(workflow, newestFirst);
      expect(windows.map(({ nodes }) => nodes.map((row) => row.id))).toEqual([runs, [], runs]);
    });

    test('a level asks for so many rows at most', async () => {
      const many = Array.from({ length: LEVEL_ROWS_MAX / 100 }, () => [newIdOf(world)]);
      const link = { name: 'byWorkflow', casts: ['uuid'], on: () => 'FALSE' };
      const ask = (keys: string[][]) =>
        listsOf(contextOver(database), RUN, link, keys, { first: 100 });
      expect(await ask(many)).toHaveLength(many.length);
      await expect(ask([...many, many[0]!])).rejects.toThrow(Limited);
    });
  });

  test('another workspace has its own list', async () => {
    const viewer = await otherViewer(database);
    const list = await listOf(contextOver(database, { viewer }), RUN, {});
    expect(list.nodes).toEqual([]);
    expect(await list.counter(contextOver(database, { viewer }))).toEqual([0]);
  });

  test('a viewer without a role is refused', async () => {
    const viewer = { id: 'x', workspaceId: contextOver(database).viewer.workspaceId, roles: [] };
    await expect(listOf(contextOver(database, { viewer }), RUN, {})).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });
});

function newIdOf(world: RandomWorld): string {
  return String(world.workflows[0]!['id']);
}
