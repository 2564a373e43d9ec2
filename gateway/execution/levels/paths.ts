/** Where the objects of a group stand in the answer. Made for those who ask only, for a whole group at once. */
import type { GraphQLResolveInfo } from 'graphql';
import type { PlannedField, Shape } from './plan.ts';
import type { Group } from './asked.ts';

export type Path = GraphQLResolveInfo['path'];

const known = new WeakMap<Group, readonly (Path | undefined)[]>();

/** The path of a field of the object at `index`. */
export function pathOf(group: Group, index: number, field: PlannedField): Path {
  return { prev: pathsOf(group)[index], key: field.key, typename: field.parentType.name };
}

function pathsOf(group: Group): readonly (Path | undefined)[] {
  let paths = known.get(group);
  if (!paths) known.set(group, (paths = findPaths(group)));
  return paths;
}

function findPaths(group: Group): readonly (Path | undefined)[] {
  if (!group.from) return [];
  const { group: above, field } = group.from;
  const children = above.children[field.slot]!;
  const paths: (Path | undefined)[] = [];
  let place = 0;
  const found = (path: Path) => {
    if (children.places === null) paths.push(path);
    else if ((children.groups as readonly unknown[])[place] === group) {
      paths[children.places[place]!] = path;
    }
    place += 1;
  };
  above.values[field.slot]!.forEach((value, index) =>
    walk(field.shape, value, pathOf(above, index, field), found),
  );
  return paths;
}

/** Each object below a value, in the order of the answer: what is neither null nor failed. */
function walk(shape: Shape, value: unknown, path: Path, found: (path: Path) => void): void {
  if (value === null || value === undefined || value instanceof Error) return;
  if (shape.kind !== 'list') return found(path);
  if (!Array.isArray(value)) return;
  value.forEach((item, key) =>
    walk(shape.item, item, { prev: path, key, typename: undefined }, found),
  );
}
