import { expect, test } from '@jest/globals';
import { restoreCommand } from '../support/local-server.ts';

const time = '2026-11-24T09:00:00Z';

test.each([
  [[], /^Usage:/],
  [['dev'], /^Usage:/],
  [['--at', time], /^Usage:/],
  [['dev', 'prod', '--at', time], /^Usage:/],
  [['production', '--at', time], /^There is no environment "production"/],
  [
    ['dev', '--at', '2026-11-24T09:00:00'],
    /^--at is a time in UTC, as 2026-11-24T09:00:00Z, not "2026-11-24T09:00:00"\.$/,
  ],
  [['dev', '--at', '2026-13-24T09:00:00Z'], /^--at is a time in UTC/],
  [['dev', '--at', '2026-02-30T09:00:00Z'], /^--at is a time in UTC/],
  [['dev', '--at', '9999-11-24T09:00:00Z'], /^--at is in the past, not 9999-11-24T09:00:00Z\.$/],
  [
    ['dev', '--at', time, '--from', 'client-channels-prod'],
    /^--from is client-channels-dev, or a table that was restored from it, not "client-channels-prod"\.$/,
  ],
  [['dev', '--at', time, '--from', 'client-channels-projections-dev'], /^--from is client-channels-dev/],
])('npm run restore-backup refuses %j, and the first line says why', async (args, line) => {
  const { code, lines, errors } = await restoreCommand(...args);
  expect({ code, lines, first: errors[0] }).toEqual({
    code: 1,
    lines: [],
    first: expect.stringMatching(line),
  });
});
