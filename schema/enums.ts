/** Enums of the tables, by the names that the entities use. */
import {
  CheckOutcome,
  EventType,
  FailureReason,
  RunStatus,
  StepStatus,
} from '../prisma/generated/enums.ts';
import { builder } from './builder.ts';

export const RunStatusRef = builder.enumType(RunStatus, {
  name: 'RunStatus',
  description:
    'Drives logic; `statusName` explains it to people. The last five are terminal and final.',
});
export const StepStatusRef = builder.enumType(StepStatus, { name: 'StepStatus' });
export const FailureReasonRef = builder.enumType(FailureReason, { name: 'FailureReason' });
export const EventTypeRef = builder.enumType(EventType, {
  name: 'EventType',
  description: 'What happened to a run or to one of its steps.',
});
export const CheckOutcomeRef = builder.enumType(CheckOutcome, { name: 'CheckOutcome' });

/** The enum of a column, by its name in the schema. */
export const ENUMS = {
  RunStatus: RunStatusRef,
  StepStatus: StepStatusRef,
  FailureReason: FailureReasonRef,
  EventType: EventTypeRef,
  CheckOutcome: CheckOutcomeRef,
} as const;
