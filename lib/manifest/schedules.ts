import { applyPermissions } from './stream-consumers.ts';
import type { TableActions } from './operations.ts';

/** One row a function that runs by the clock: deployment and local server read this table alike. */
export interface Schedule {
  name: string;
  /** The file, from the project's root, whose export `handler` is run. */
  handler: string;
  /** What it is for, in a line that the Lambda console shows. */
  description: string;
  /** Seconds that one run may take. */
  timeout: number;
  everyMinutes: number;
  /** What the handler does to each table, as IAM names it. */
  actions: TableActions;
  /** The indexes of the channels table that it scans. */
  scans: readonly string[];
}

export const schedules: readonly Schedule[] = [
  {
    name: 'settle-overdue',
    handler: 'functions/settle-overdue.ts',
    description: 'Settles in the directory what has waited for more than 5 minutes',
    timeout: 240,
    everyMinutes: 5,
    actions: applyPermissions,
    scans: ['byPending'],
  },
];
