/** @jest-environment ./test/support/one-realm-environment.ts */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { schedules } from '../../lib/manifest/schedules.ts';
import { sdkEnvironment } from '../../local/environment.ts';
import { type RunningSchedules, startSchedules } from '../../local/start-schedules.ts';
import { eventually } from '../support/eventually.ts';

let running: RunningSchedules | undefined;
beforeEach(() => {
  // Nothing listens on port 1, so that every run fails.
  Object.assign(process.env, sdkEnvironment, {
    CHANNELS_TABLE: 'channels',
    PROJECTIONS_TABLE: 'projections',
    AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1',
  });
});
afterEach(async () => {
  await running?.stop();
  jest.restoreAllMocks();
});

test('a scheduled function runs at its interval, and a failed run prints its reason in one line', async () => {
  const lines: unknown[] = [];
  jest.spyOn(console, 'error').mockImplementation((line) => void lines.push(line));
  const [row] = schedules;
  if (!row) throw new Error('There is a schedule');
  running = await startSchedules([{ ...row, everyMinutes: 1 / 600 }]);
  await eventually(() =>
    expect(lines).toContain(
      'sweep-pending: The heartbeat was not sent: The table gave no answer in time; ' +
        'The sweep ended early: The table gave no answer in time',
    ),
  );
});

test('the error for a file without a handler names the file', async () => {
  const [row] = schedules;
  if (!row) throw new Error('There is a schedule');
  await expect(startSchedules([{ ...row, handler: 'lib/manifest/schedules.ts' }])).rejects.toThrow(
    'lib/manifest/schedules.ts exports no handler',
  );
});
