import type { Permissions } from './permission-types.ts';
import { applyPermissions } from './stream-consumers.ts';

/** One function that runs on a schedule. The deployment and the local server read these rows. */
export interface Schedule {
  name: string;
  /** The file that exports `handler`, relative to the root of the project. */
  handler: string;
  /** The description in the Lambda console: one line. */
  description: string;
  timeoutSeconds: number;
  everyMinutes: number;
  permissions: Permissions;
}

export const schedules: readonly Schedule[] = [
  {
    name: 'sweep-pending',
    handler: 'functions/sweep-pending.ts',
    description: 'Sends a heartbeat, and applies pending changes that have waited for more than 5 minutes',
    timeoutSeconds: 240,
    everyMinutes: 5,
    permissions: { ...applyPermissions, indexes: { action: 'dynamodb:Scan', names: ['byPending'] } },
  },
];
