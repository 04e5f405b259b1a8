import { afterEach, describe, expect, jest, test } from '@jest/globals';
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
/** The command is interrupted: the wait for the next reading ends at once. */
const connection = { client, keyId: 'key', signal: AbortSignal.abort(), pause: async () => {} };
/** The versions after the first, of a history whose first reading takes some time. In milliseconds. */
const readFor = (ms: number) => {
  jest.spyOn(Date, 'now').mockReturnValueOnce(0).mockReturnValueOnce(ms);
  return versionsAfter(connection, id, 0);
};

afterEach(() => {
  jest.restoreAllMocks();
});

test('a history that does not have the last version after a minute is an error, and the same command can be run again', async () => {
  await expect(readFor(60_001)).rejects.toMatchObject({
    exitCode: 3,
    message: `The history of the channel ${id} does not have its last version yet. Run the same command again.`,
  });
});

test('until a minute has passed, the command waits for the history', async () => {
  await expect(readFor(60_000)).rejects.toMatchObject({ name: 'AbortError' });
});

describe('a history that has the last version, and not yet the one before', () => {
  const readings = (...all: number[][]) => {
    const history = async function* () {
      for (const version of (all.length > 1 ? all.shift() : all[0]) ?? [])
        yield { version, type: 'updated' } as ChannelVersion;
    };
    return {
      ...connection,
      client: { ...client, history } as unknown as ChannelsClient,
      signal: new AbortController().signal,
    };
  };

  test('is read again', async () => {
    const versions = await versionsAfter(readings([2], [2, 1, 0]), id, 0);

    expect(versions.map(({ version }) => version)).toEqual([2, 1]);
  });

  test('is taken as it is after 10 seconds, because the channel may have been elsewhere', async () => {
    jest.spyOn(Date, 'now').mockReturnValueOnce(0).mockReturnValueOnce(10_001);

    const versions = await versionsAfter(readings([2]), id, 0);

    expect(versions.map(({ version }) => version)).toEqual([2]);
  });
});
