/** How far the filter of a list of runs reaches: what may change which runs match, without them changing. */
import type { AnyEntity } from '../../entity.ts';
import { entityNamed } from '../../entities.ts';
import { CHANGE_KINDS, type ChangeKind } from '../../events/feed/feed.ts';
import type { Filter } from '../../filter.ts';
import { RUN } from '../../runs/entities.ts';

export interface Reach {
  /** Changes of these kinds may let a run match or not. Always holds `run`. */
  readonly kinds: ReadonlySet<ChangeKind>;
  /** False when a change of one run may let another match or not: of a retry, of a run of the same workflow. */
  readonly own: boolean;
  /** True when time alone may: `lastHours`. */
  readonly byTime: boolean;
}

/** Relations that stay with the run, or with its workflow. From any other the filter may come to other runs. */
const NEAR = new Set([
  'Run.steps',
  'Run.artifacts',
  'Run.workflow',
  'StepRun.run',
  'StepRun.artifacts',
  'Artifact.run',
  'Artifact.producedBy',
  'Artifact.checks',
  'Check.artifact',
  'Workflow.versions',
  'WorkflowVersion.workflow',
]);

/** The kind of change by which followers hear of an entity that runs are filtered through. */
const KINDS: Readonly<Record<string, ChangeKind>> = {
  Workflow: 'workflow',
  WorkflowVersion: 'workflow',
  Artifact: 'artifact',
  Check: 'artifact',
};

/** Of a filter that compileFilter takes. Pure. */
export function reachOf(filter: Filter | null): Reach {
  const found = { kinds: new Set<ChangeKind>(['run']), own: true, byTime: false };
  const far = () => {
    found.own = false;
    for (const kind of CHANGE_KINDS) found.kinds.add(kind);
  };

  const walk = (entity: AnyEntity, part: Filter) => {
    const kind = KINDS[entity.name];
    if (kind) found.kinds.add(kind);
    for (const [name, value] of Object.entries(part)) {
      if (value === null || value === undefined) continue;
      const relation = entity.relations[name];
      if (name === 'and' || name === 'or') {
        for (const one of value as readonly Filter[]) walk(entity, one);
      } else if (name === 'not') {
        walk(entity, value as Filter);
      } else if (relation) {
        if (!NEAR.has(`${entity.name}.${name}`)) far();
        const to = entityNamed(relation.to);
        const filters = relation.kind === 'one' ? [value] : Object.values(value);
        for (const one of filters) if (one) walk(to, one as Filter);
      } else {
        if (name in entity.derived) far();
        if ((value as Filter)['lastHours'] != null) found.byTime = true;
      }
    }
  };
  if (filter) walk(RUN, filter);
  return found;
}
