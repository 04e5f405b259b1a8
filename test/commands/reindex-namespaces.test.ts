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
        'company1: 0 channels indexed anew',
        'company1: 0 blocks counted anew',
        // Its mark may wait yet.
        expect.stringMatching(/^company1: [01] channels entered anew$/),
        'company1: 1 enabled and 0 disabled',
        'nobody: 0 channels indexed anew',
        'nobody: 0 blocks counted anew',
        'nobody: 0 channels entered anew',
        'nobody: no channels, or no such namespace',
      ],
      errors: [],
    });
  });

  test('finds the namespaces itself, where it is asked for all', async () => {
    const { key, url } = await start(['--in-memory']).ready();
    await send(url, 'POST /client-channel', { key, body: { name: 'Retail' } });
    const { code, lines } = await reindexCommand('--all');
    expect([code, lines.at(-1), lines.length]).toEqual([0, 'company1: 1 enabled and 0 disabled', 4]);
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
