import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { openGraph, type TestGraph } from '../../e2e/kit/graph.ts';
import { contextOver, otherViewer, seedArtifacts } from '../../e2e/kit/world.ts';
import type { Ctx } from '../context.ts';
import { globalId, newId } from '../keys.ts';
import { LOCAL_VIEWER } from '../policy.ts';
import { recordCheck, registerArtifact } from './commands.ts';
import { artifactLineage } from './lineage.ts';
import { ARTIFACT_LIMITS, type Registration } from './model.ts';
import { checksOfArtifacts } from './queries.ts';

const { name_bytes_max, kind_bytes_max, metadata_bytes_max, derivedFrom_max } = ARTIFACT_LIMITS;

describe.each(DATABASES)('commands of artifacts ($name)', ({ open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  let ctx: Ctx;
  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
    ctx = graph.ctx();
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  const checksOf = async (id: string) =>
    (await checksOfArtifacts(ctx, [{ id }], { first: 100 }))[0]!;
  async function newArtifact(more: Partial<Registration> = {}): Promise<string> {
    return (await registerArtifact(ctx, { name: 'set', kind: 'dataset', ...more })).id;
  }

  test('a registered artifact is kept as told, with its lineage, in four statements', async () => {
    const [left, right] = [await newArtifact(), await newArtifact()];
    database.statements();
    const made = await registerArtifact(ctx, {
      name: 'merged',
      kind: 'dataset',
      uri: 's3://bucket/merged',
      sizeBytes: Number.MAX_SAFE_INTEGER,
      checksum: 'sha256:1',
      metadata: { rows: 3, ünï: ['x', null] },
      derivedFrom: [left, globalId('Artifact', right), left],
    });
    expect(database.statements()).toEqual([
      'artifacts.keep',
      'artifacts.insert',
      'artifacts.insertDerivations',
      'artifacts.byIds',
    ]);
    expect(made).toMatchObject({
      workspaceId: LOCAL_VIEWER.workspaceId,
      runId: null,
      stepKey: null,
      name: 'merged',
      sizeBytes: Number.MAX_SAFE_INTEGER,
      quality: null,
      metadata: { rows: 3, ünï: ['x', null] },
      version: 1,
    });
    const { nodes } = await artifactLineage(ctx, made.id, 'UPSTREAM', { depth: 1, first: 9 });
    expect(nodes.map(({ artifactId }) => artifactId).toSorted()).toEqual(
      [made.id, left, right].toSorted(),
    );
  });

  test('sent twice with a key it is stored once; the key with another input is a conflict', async () => {
    const input = { name: 'once', kind: 'dataset', idempotencyKey: newId() };
    const first = await registerArtifact(ctx, input);
    await expect(registerArtifact(ctx, { ...input })).resolves.toEqual(first);
    await expect(registerArtifact(ctx, { ...input, kind: 'model' })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    const check = { artifactId: first.id, name: 'schema', outcome: 'PASSED' as const };
    const keyed = { ...check, idempotencyKey: newId() };
    const recorded = await recordCheck(ctx, keyed);
    await expect(recordCheck(ctx, keyed)).resolves.toEqual(recorded);
    expect((await checksOf(first.id)).nodes).toHaveLength(1);
  });

  test.each<[string, Partial<Registration>, string]>([
    ['name', { name: 'x'.repeat(name_bytes_max) }, 'x'.repeat(name_bytes_max + 1)],
    ['kind', { kind: 'é'.repeat(kind_bytes_max / 2) }, 'é'.repeat(kind_bytes_max / 2 + 1)],
  ])(
    '%s at its bound is stored, one byte past it is refused by its path',
    async (field, at, past) => {
      await expect(newArtifact(at)).resolves.toBeTypeOf('string');
      await expect(newArtifact({ [field]: past })).rejects.toMatchObject({
        code: 'INVALID',
        issues: [{ path: `input.${field}` }],
      });
    },
  );

  test('metadata and derivedFrom at their bounds are stored, one past them refused', async () => {
    const text = (bytes: number) => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) });
    await expect(newArtifact({ metadata: text(metadata_bytes_max) })).resolves.toBeTypeOf('string');
    await expect(newArtifact({ metadata: text(metadata_bytes_max + 1) })).rejects.toThrow(
      `input.metadata: may be at most ${metadata_bytes_max} bytes, has ${metadata_bytes_max + 1}`,
    );
    const ids = await seedArtifacts(
      database,
      Array.from({ length: derivedFrom_max + 1 }, () => ({ name: 'part' })),
    );
    await expect(newArtifact({ derivedFrom: ids.slice(1) })).resolves.toBeTypeOf('string');
    await expect(newArtifact({ derivedFrom: ids })).rejects.toThrow(
      `input.derivedFrom: may hold at most ${derivedFrom_max}, got ${derivedFrom_max + 1}`,
    );
  });

  test('what cannot be stored is refused before any statement, every problem by its path', async () => {
    database.statements();
    const refused = registerArtifact(ctx, {
      name: '',
      kind: 'a\0b',
      uri: 'half \ud800',
      sizeBytes: -1,
      metadata: { deep: { list: ['\0'] } },
      checksum: 'x'.repeat(ARTIFACT_LIMITS.checksum_bytes_max + 1),
    });
    const paths = ['name', 'kind', 'uri', 'checksum', 'sizeBytes', 'metadata.deep.list[0]'];
    await expect(refused).rejects.toMatchObject({
      issues: paths.map((path) => ({ path: `input.${path}` })),
    });
    for (const sizeBytes of [2 ** 53, 0.5, Number.NaN]) {
      await expect(newArtifact({ sizeBytes })).rejects.toThrow('input.sizeBytes: must be a whole');
    }
    for (const metadata of [[], 'text', 1]) {
      await expect(newArtifact({ metadata })).rejects.toThrow('input.metadata: must be an object');
    }
    for (const score of [-0.1, 1.1, Number.NaN]) {
      const judged = { artifactId: newId(), name: 'q', outcome: 'PASSED' as const, score };
      await expect(recordCheck(ctx, judged)).rejects.toThrow('input.score: must be from 0 to 1');
    }
    expect(database.statements()).toEqual([]);
  });

  test('ids that are damaged are invalid; those not there, or of another workspace, not found', async () => {
    const stranger = await otherViewer(database);
    const [theirs] = await seedArtifacts(database, [{ name: 'theirs' }], stranger);
    await expect(newArtifact({ derivedFrom: ['nonsense'] })).rejects.toMatchObject({
      issues: [{ path: 'input.derivedFrom[0]' }],
    });
    const check = { name: 'q', outcome: 'PASSED' as const };
    await expect(recordCheck(ctx, { ...check, artifactId: 'nonsense' })).rejects.toMatchObject({
      issues: [{ path: 'input.artifactId' }],
    });
    for (const id of [theirs!, newId()]) {
      await expect(newArtifact({ derivedFrom: [id] })).rejects.toMatchObject({ code: 'NOT_FOUND' });
      const refused = recordCheck(ctx, { ...check, artifactId: id });
      await expect(refused).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
    expect(await checksOf(theirs!)).toMatchObject({ nodes: [] });
  });

  test('a reader may not register or judge', async () => {
    const reader = contextOver(database, { viewer: { ...LOCAL_VIEWER, roles: ['reader'] } });
    const id = await newArtifact();
    await expect(registerArtifact(reader, { name: 'a', kind: 'b' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    const check = { artifactId: id, name: 'q', outcome: 'PASSED' as const };
    await expect(recordCheck(reader, check)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});
