import { setTimeout as pause } from 'node:timers/promises';
import type { ChannelsClient } from '../../channels-client.ts';
import { ChannelsError } from '../../channels-error.ts';
import type { Channel, ChannelVersion } from '../../types.ts';
import { CommandError, exitCodes } from '../command-error.ts';
import type { Sent } from './journal.ts';

/** As a rule, a version appears in the history within 10 seconds. */
const usualDelayMs = 10_000;
const timeoutMs = 60_000;
const intervalMs = 500;

/** The clocks of this machine and of the service differ by at most so much. Signature Version 4 of AWS allows as much. */
const maxClockDifferenceMs = 5 * 60_000;

/** A request is worked on for at most so long, also if its sender is gone (Amazon API Gateway, "Quotas"). */
export const requestTimeoutMs = 30_000;

/** How the service is reached, and by which key. */
export interface Connection {
  client: ChannelsClient;
  keyId: string;
  signal: AbortSignal;
  /** Waits for at least so many seconds, before a request is sent again. */
  pause(seconds: number): Promise<void>;
}

/** @returns undefined if the channel is not there */
export const findChannel = async (
  { client, signal }: Connection,
  id: string,
): Promise<Channel | undefined> => {
  try {
    return await client.get(id, { signal });
  } catch (error) {
    if (error instanceof ChannelsError && error.code === 'not_found') return undefined;
    throw error;
  }
};

const readVersionsAfter = async ({ client, signal }: Connection, id: string, after: number) => {
  const versions: ChannelVersion[] = [];
  for await (const version of client.history(id, { signal })) {
    if (version.version <= after) break;
    versions.push(version);
  }
  return versions;
};

/** Whether the history has the last version of a channel. The history of a channel that is gone ends with a deletion. */
const isComplete = ([newest]: ChannelVersion[], channel: Channel | undefined): boolean =>
  newest !== undefined && (channel ? newest.version >= channel.__v : newest.type === 'deleted');

/**
 * Whether a version between is missing. The history may have a version before it has the one before. But a channel that was in other
 * namespaces, or comes from a backup, has gaps for ever.
 */
const hasGap = (versions: ChannelVersion[], after: number): boolean =>
  versions.length !== (versions[0]?.version ?? after) - after;

/**
 * Reads the versions of a channel that came after a version, newest first. Waits until the history has its last version, and for those
 * before it at most as long as a version usually takes.
 * @throws CommandError if the history does not get there within a minute
 */
export const versionsAfter = async (
  connection: Connection,
  id: string,
  after: number,
): Promise<ChannelVersion[]> => {
  const startedAt = Date.now();
  for (;;) {
    const channel = await findChannel(connection, id);
    if (channel && channel.__v <= after) return [];
    const versions = await readVersionsAfter(connection, id, after);
    const waitedMs = Date.now() - startedAt;
    if (isComplete(versions, channel) && (!hasGap(versions, after) || waitedMs > usualDelayMs))
      return versions;
    if (waitedMs > timeoutMs)
      throw new CommandError(
        exitCodes.resumable,
        `The history of the channel ${id} does not have its last version yet. Run the same command again.`,
      );
    await pause(intervalMs, undefined, { signal: connection.signal });
  }
};

/**
 * The first version of some types that this key made after another version, with a request that was sent at that time. An earlier or
 * later one is another work of the key.
 */
export const findOwnVersion = async (
  connection: Connection,
  id: string,
  after: number,
  types: string[],
  { first, last }: Sent,
): Promise<ChannelVersion | undefined> => {
  const from = Date.parse(first) - maxClockDifferenceMs;
  const to = Date.parse(last) + requestTimeoutMs + maxClockDifferenceMs;
  const isOwn = ({ actor, type, at }: ChannelVersion) =>
    actor === connection.keyId && types.includes(type) && from <= Date.parse(at) && Date.parse(at) <= to;
  return (await versionsAfter(connection, id, after)).findLast(isOwn);
};
