import { describe, expect, test } from '@jest/globals';
import { reindexCommand, start, useLocalServers } from '../support/local-server.ts';
import { send } from '../support/service.ts';

useLocalServers();

describe('npm run reindex', () => {
  test('makes right what is derived from the channels of the running local server, and says what it found', async () => {
    const { key, url } = await start(['--in-memory']).ready();
    await send(url, 'POST /client-channel', { key, body: { name: 'Retail' } });
    expect(await reindexCommand('--namespace', 'company1', '--namespace', 'nobody')).toEqual({
      code: 0,
      lines: [
        'company1: 1 enabled and 0 disabled',
        expect.stringMatching(
          /^company1: 0 channels indexed anew, 0 blocks counted anew, \d channels entered anew$/,
        ),
        'nobody: 0 enabled and 0 disabled',
        'nobody: 0 channels indexed anew, 0 blocks counted anew, 0 channels entered anew',
      ],
      errors: [],
    });
  });

  test('finds the namespaces itself, where it is asked for all', async () => {
    const { key, url } = await start(['--in-memory']).ready();
    await send(url, 'POST /client-channel', { key, body: { name: 'Retail' } });
    const { code, lines } = await reindexCommand('--all');
    expect([code, lines[0], lines.length]).toEqual([0, 'company1: 1 enabled and 0 disabled', 2]);
  });

  test('says in a line how to call it, and where no server runs', async () => {
    const { code, errors } = await reindexCommand();
    expect([code, errors[0]]).toEqual([1, expect.stringMatching(/^Usage: npm run -s reindex /)]);
    expect(await reindexCommand('--namespace', 'company1')).toEqual({
      code: 1,
      lines: [],
      errors: ['No local server is running: start one with "npm start", or name an --environment.'],
    });
  });
});
