import { expect, test } from '@jest/globals';
import {
  cdkCommand,
  faultsCommand,
  keysCommand,
  reindexCommand,
  replayCommand,
  restoreCommand,
} from '../support/local-server.ts';

test.each([
  ['keys', keysCommand],
  ['reindex', reindexCommand],
  ['replay', replayCommand],
  ['restore-backup', restoreCommand],
  ['deploy', cdkCommand('deploy')],
  ['destroy', cdkCommand('destroy')],
  ['test:faults', faultsCommand],
])('npm run %s prints its usage and nothing else for --help, also beside an option that it does not know', async (name, command) => {
  const { code, lines, errors } = await command('--help', '--no-such-option');
  expect({ code, usage: lines.join('\n'), errors }).toEqual({
    code: 0,
    usage: expect.stringMatching(new RegExp(`^Usage:[^]*npm run (-s )?${name} -- [^]*\\.$`)),
    errors: [],
  });
});

test.each([
  ['--no-such-option', 'There is no option --no-such-option.'],
  ['--all=yes', 'The option --all takes no value.'],
  ['--namespace', 'The option --namespace needs a value.'],
  ['company1', 'Unexpected argument "company1".'],
])('npm run reindex says in one sentence what is wrong with %s, and then prints its usage', async (argument, sentence) => {
  const { code, lines, errors } = await reindexCommand(argument);
  expect({ code, lines, errors: errors.slice(0, 2) }).toEqual({
    code: 1,
    lines: [],
    errors: [sentence, expect.stringMatching(/^Usage:/)],
  });
});

test('npm run test:faults lists its faults for a row that is unknown', async () => {
  const { code, lines, errors } = await faultsCommand('--row', 'nonsense');
  expect({ code, lines, errors: errors.slice(0, 2) }).toEqual({
    code: 1,
    lines: [],
    errors: ['No fault contains "nonsense". The faults are:', expect.stringMatching(/^- /)],
  });
});
