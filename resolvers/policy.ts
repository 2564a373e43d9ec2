/**
 * Who may do what: the one place. Every root row has a workspace, and every read and command is scoped by the
 * viewer's. Until identity exists there is one local viewer, who owns the local workspace.
 */
import { Forbidden } from './errors.ts';

export interface Viewer {
  readonly id: string;
  readonly workspaceId: string;
  readonly roles: readonly Role[];
}

export type Role = 'owner' | 'editor' | 'reader';

/** Action → roles that may. A command adds one row here. */
const MAY = {
  'workflow.read': ['owner', 'editor', 'reader'],
  'workflow.register': ['owner', 'editor'],
  'run.read': ['owner', 'editor', 'reader'],
  'run.start': ['owner', 'editor'],
  'run.append': ['owner', 'editor'],
  'run.control': ['owner', 'editor'],
  'artifact.read': ['owner', 'editor', 'reader'],
  'artifact.register': ['owner', 'editor'],
  'artifact.check': ['owner', 'editor'],
  'graph.read': ['owner', 'editor', 'reader'],
  'agent.read': ['owner', 'editor', 'reader'],
  'agent.create': ['owner', 'editor'],
  'agent.update': ['owner', 'editor'],
  'agent.configure': ['owner', 'editor'],
  'agent.remove': ['owner', 'editor'],
  'agent.relate': ['owner', 'editor'],
  'agent.assign': ['owner', 'editor'],
  'graph.write': ['owner', 'editor'],
  'knowledge.read': ['owner', 'editor', 'reader'],
  'knowledge.write': ['owner', 'editor'],
  'explain.read': ['owner', 'editor'],
} as const satisfies Record<string, readonly Role[]>;

export type Action = keyof typeof MAY;

/** The workspace that the first migration makes. */
const LOCAL_WORKSPACE_ID = '00000000-0000-7000-8000-000000000001';

/** The only viewer until identity exists. */
export const LOCAL_VIEWER: Viewer = {
  id: 'local',
  workspaceId: LOCAL_WORKSPACE_ID,
  roles: ['owner'],
};

/** True when the viewer may do this to a row of that workspace. */
export function allowed(viewer: Viewer, action: Action, row: { workspaceId: string }): boolean {
  const roles: readonly Role[] = MAY[action];
  return (
    row.workspaceId === viewer.workspaceId && viewer.roles.some((role) => roles.includes(role))
  );
}

/** Refuses with Forbidden unless allowed. For rows the viewer may not know of, throw NotFound before. */
export function authorize(viewer: Viewer, action: Action, row: { workspaceId: string }): void {
  if (!allowed(viewer, action, row)) throw new Forbidden(action);
}

/** All of a viewer that decides what is shown to it, as text: two of the same scope are shown the same. */
export function scopeOf({ workspaceId, roles }: Viewer): string {
  return JSON.stringify([workspaceId, roles.toSorted()]);
}

/** Anybody of this viewer's scope, for what is made once for all of them: reading who it is calls `asked` and throws. */
export function anyViewerOf({ workspaceId, roles }: Viewer, asked: () => void): Viewer {
  return {
    workspaceId,
    roles,
    get id(): string {
      asked();
      throw new Error('an execution that viewers share must not ask who they are');
    },
  };
}
