import { describe, expect, test } from '@jest/globals';
import {
  cdkCommand,
  keysCommand,
  reindexCommand,
  replayCommand,
  restoreCommand,
} from '../support/local-server.ts';

describe.each([
  ['keys', keysCommand],
  ['reindex', reindexCommand],
  ['replay', replayCommand],
  ['restore-backup', restoreCommand],
  ['deploy', cdkCommand('deploy')],
  ['destroy', cdkCommand('destroy')],
])('npm run %s', (name, command) => {
  test.each([
    [['--help']],
    [['--help', '--no-such-option']],
  ])('prints its usage and nothing else for %j', async (args) => {
    const { code, lines, errors } = await command(...args);
    expect({ code, usage: lines.join('\n'), errors }).toEqual({
      code: 0,
      usage: expect.stringMatching(new RegExp(`^Usage:[^]*npm run (-s )?${name} -- [^]*\\.$`)),
      errors: [],
    });
  });
});

test.each([
  ['keys', keysCommand, 'list'],
  ['reindex', reindexCommand, '--all'],
  ['replay', replayCommand, '--send'],
  ['restore-backup', restoreCommand, 'dev'],
])('npm run %s names an option that it does not know, and then prints its usage', async (_name, command, argument) => {
  const { code, lines, errors } = await command(argument, '--no-such-option');
  expect({ code, lines, errors: errors.slice(0, 2) }).toEqual({
    code: 1,
    lines: [],
    errors: ['There is no option --no-such-option.', expect.stringMatching(/^Usage:/)],
  });
});

test('npm run reindex names an option that has a value too many, and an argument that it does not expect', async () => {
  const [[first], [second]] = [
    (await reindexCommand('--all=yes')).errors,
    (await reindexCommand('company1')).errors,
  ];
  expect([first, second]).toEqual(['The option --all takes no value.', 'Unexpected argument "company1".']);
});
