/** What an agent may be, and what may be said of it. Pure. */
import { BATCH_MAX } from '../graph/port.ts';
import { PROPERTIES_BYTES_MAX } from '../graph/check.ts';
import { checkText, textFault, type Issues } from '../issues.ts';
import { checkObject } from '../json-object.ts';

/** Kind of the nodes of agents in the graph; their key is their id, so that names may change. */
export const AGENT_KIND = 'Agent';

/** Bounds of what callers say about agents. Bytes are of UTF-8. */
export const AGENT_LIMITS = {
  name_bytes_max: 500,
  description_bytes_max: 10_000,
  /** They are properties of the node as well. */
  metadata_bytes_max: PROPERTIES_BYTES_MAX,
  settings_bytes_max: 65_536,
  note_bytes_max: 2_000,
  role_bytes_max: 100,
  /** Relations of one call. */
  relations_max: BATCH_MAX,
  /** Agents of one call of assignAgents. */
  assigned_max: 100,
} as const;

/** What an agent is; null is as good as left out. */
export interface AgentWords {
  readonly name?: string | null | undefined;
  readonly description?: string | null | undefined;
  /** An object. */
  readonly metadata?: unknown;
}

/** How it works; null is as good as left out. */
export interface ConfigurationWords {
  /** An object. */
  readonly settings?: unknown;
  readonly note?: string | null | undefined;
}

/** Adds what cannot be stored of an agent. O(bytes). */
export function checkAgent({ name, description, metadata }: AgentWords, issues: Issues): void {
  const limits = AGENT_LIMITS;
  if (name != null) checkText(name, limits.name_bytes_max, 'input.name', issues);
  checkWords(description, limits.description_bytes_max, 'input.description', issues);
  if (metadata != null) checkObject(metadata, limits.metadata_bytes_max, 'input.metadata', issues);
}

/** Adds what cannot be stored of a configuration. O(bytes). */
export function checkConfiguration({ settings, note }: ConfigurationWords, issues: Issues): void {
  const limits = AGENT_LIMITS;
  if (settings != null) checkObject(settings, limits.settings_bytes_max, 'input.settings', issues);
  checkWords(note, limits.note_bytes_max, 'input.note', issues);
}

function checkWords(
  text: string | null | undefined,
  bytes_max: number,
  path: string,
  issues: Issues,
): void {
  const fault = textFault(text ?? '', bytes_max);
  if (fault) issues.add(path, fault);
}
