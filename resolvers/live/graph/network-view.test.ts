/** Views of a network, of which the rows are newer than what the feed has told. */
import { expect, test } from 'vitest';
import type { GraphNode } from '../../graph/port.ts';
import { globalId, newId } from '../../keys.ts';
import { difference } from './network-items.ts';
import { keyOf, viewOf, type NetworkView } from './network-view.ts';

const ID = newId();

function viewWith(version: number, before: NetworkView | null, gone: readonly string[] = []) {
  const node: GraphNode = { id: ID, kind: 'thing', key: 'a', name: 'a', properties: {}, version };
  const network = { nodes: [{ node, depth: 0 }], relations: [], cut: null };
  const reading = {
    key: 'test',
    feed: { epoch: 1, from: '1:1:', xid: '0', at: '0' },
    era: { number: 0, reason: null },
    gone: new Set(gone),
    number: (before?.mark.stamps.get(keyOf('entity', ID))?.since ?? 0) + 1,
  };
  return viewOf(reading, network, before);
}

test('what is read as an older version was made again, though nothing tells yet that it was gone', () => {
  const before = viewWith(2, null);
  const again = viewWith(1, before);
  expect(difference(before.mark, again)).toMatchObject({
    entities: [{ version: 1 }],
    removed: [globalId('Entity', ID)],
  });
});

test('what is read as a newer version, or told to be gone and there again, is told once', () => {
  const before = viewWith(1, null);
  const newer = viewWith(2, before);
  expect(difference(before.mark, newer)).toMatchObject({ entities: [{ version: 2 }], removed: [] });
  const again = viewWith(3, newer, [keyOf('entity', ID)]);
  expect(difference(newer.mark, again)).toMatchObject({
    entities: [{ version: 3 }],
    removed: [globalId('Entity', ID)],
  });
});
