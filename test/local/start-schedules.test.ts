/** @jest-environment ./test/support/one-realm-environment.ts */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { schedules } from '../../lib/manifest/schedules.ts';
import { sdkEnvironment } from '../../local/environment.ts';
import { type RunningSchedules, startSchedules } from '../../local/start-schedules.ts';
import { eventually } from '../support/eventually.ts';

let running: RunningSchedules | undefined;
beforeEach(() => {
  // Where nothing listens.
  Object.assign(process.env, sdkEnvironment, {
    CHANNELS_TABLE: 'channels',
    PROJECTIONS_TABLE: 'directory',
    AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1',
  });
});
afterEach(async () => {
  await running?.stop();
  jest.restoreAllMocks();
});

test('a function runs when its time has come, and tells in a line why it could not do its work', async () => {
  const lines: unknown[] = [];
  jest.spyOn(console, 'error').mockImplementation((line) => void lines.push(line));
  const [row] = schedules;
  if (!row) throw new Error('There is a schedule');
  running = await startSchedules([{ ...row, everyMinutes: 1 / 600 }]);
  await eventually(() =>
    expect(lines).toContain('settle-overdue: The service is not available now: try again in a moment.'),
  );
});

test('a file that exports no handler is told by its name', async () => {
  const [row] = schedules;
  if (!row) throw new Error('There is a schedule');
  await expect(startSchedules([{ ...row, handler: 'lib/schedules.ts' }])).rejects.toThrow(
    'lib/schedules.ts exports no handler',
  );
});
