import { describe, expect, test } from '@jest/globals';
import { keysCommand, reindexCommand, replayCommand, restoreCommand } from '../support/local-server.ts';

describe.each([
  ['keys', keysCommand],
  ['reindex', reindexCommand],
  ['replay', replayCommand],
  ['restore-backup', restoreCommand],
])('npm run %s', (name, command) => {
  test.each([
    [['--help']],
    [['--help', '--no-such-option']],
  ])('prints its usage and nothing else for %j', async (args) => {
    const { code, lines, errors } = await command(...args);
    expect({ code, usage: lines.join('\n'), errors }).toEqual({
      code: 0,
      usage: expect.stringMatching(new RegExp(`^Usage:[^]*npm run -s ${name} -- [^]*\\.$`)),
      errors: [],
    });
  });
});
