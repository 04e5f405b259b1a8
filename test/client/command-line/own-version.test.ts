import { afterEach, expect, jest, test } from '@jest/globals';
import { versionsAfter } from '../../../client/command-line/runs/own-version.ts';
import type { Channel, ChannelsClient, ChannelVersion } from '../../../client/index.ts';

const id = '65f0a1b2c3d4e5f601234567';
/** A service in which a channel has version 2, and whose history never gets further than version 1. */
const client = {
  get: async () => ({ _id: id, __v: 2 }) as Channel,
  async *history() {
    for (const version of [1, 0]) yield { version, type: version ? 'updated' : 'created' } as ChannelVersion;
  },
} as Pick<ChannelsClient, 'get' | 'history'> as ChannelsClient;
const connectionWith = (signal: AbortSignal) => ({ client, keyId: 'key', signal });
/** Lets each reading of the history take some time. In milliseconds. */
const readingsTake = (ms: number) => {
  const now = jest.spyOn(Date, 'now').mockReturnValueOnce(0);
  for (let reading = 1; reading <= 3; reading++) now.mockReturnValueOnce(reading * ms);
};

afterEach(() => {
  jest.restoreAllMocks();
});

test('a history that does not have the last version within a minute is an error, after which the same command can be run again', async () => {
  readingsTake(60_001);

  await expect(versionsAfter(connectionWith(new AbortController().signal), id, 0)).rejects.toMatchObject({
    exitCode: 3,
    message: `The history of the channel ${id} does not have its last version yet. Run the same command again.`,
  });
});

test('until a minute has passed, the history is waited for, unless the command is interrupted', async () => {
  readingsTake(60_000);

  // The wait before the second reading ends at once.
  await expect(versionsAfter(connectionWith(AbortSignal.abort()), id, 0)).rejects.toMatchObject({
    name: 'AbortError',
  });
});
