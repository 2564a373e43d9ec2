/** Rows of this domain as statements answer them. Of `int8`: below 2^53. */
import type { JsonObject } from '../events/log.ts';
import type { Instant } from '../instant.ts';

export interface AgentRow {
  /** Of its node in the graph as well. */
  readonly id: string;
  readonly workspaceId: string;
  readonly name: string;
  readonly description: string | null;
  readonly metadata: JsonObject;
  /** Of the configuration that runs are given from now on. */
  readonly configurationNumber: number;
  readonly createdAt: Instant;
  readonly version: number;
}

export interface AgentConfigurationRow {
  readonly agentId: string;
  /** From 1, without gaps. */
  readonly number: number;
  readonly settings: JsonObject;
  readonly note: string | null;
  readonly createdAt: Instant;
}

/** That an agent works on a run. */
export interface AgentAssignmentRow {
  readonly runId: string;
  readonly agentId: string;
  readonly role: string;
  /** Of the configuration that the agent had when it was assigned. */
  readonly configurationNumber: number;
  readonly assignedAt: Instant;
}
