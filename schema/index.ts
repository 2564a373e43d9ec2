/** The whole graph: each noun adds itself to the builder. */
import './scalars.ts';
import './errors.ts';
import './agent-commands.ts';
import './agent-graph.ts';
import './agents.ts';
import './artifacts.ts';
import './changes.ts';
import './checks.ts';
import './consistency.ts';
import './graph.ts';
import './graph-commands.ts';
import './knowledge.ts';
import './knowledge-commands.ts';
import './lineage.ts';
import './run-commands.ts';
import './run-events.ts';
import './run-live.ts';
import './run-list-live.ts';
import './run-reports.ts';
import './runs.ts';
import './stats.ts';
import './steps.ts';
import './workflow-commands.ts';
import './workflows.ts';
import { builder } from './builder.ts';

export const schema = builder.toSchema();
