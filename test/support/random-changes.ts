import { isDeepStrictEqual } from 'node:util';
import type { Caller } from '../../lib/auth/authenticate.ts';
import type { ChannelPatch } from '../../lib/channels/body-schema.ts';
import { type Channel, toDocument } from '../../lib/channels/channel.ts';
import { restoreChannel } from '../../lib/channels/restore-channel.ts';
import { createChannel, deleteChannel, getChannel, updateChannel } from '../../lib/channels/store.ts';
import type { Table } from '../../lib/dynamodb/table.ts';
import type { ChannelKey, Version } from '../../lib/history/version-items.ts';
import type { Random } from './random.ts';

const kinds = ['rename', 'rename', 'describe', 'describe', 'toggle', 'move', 'move', 'delete'] as const;
/** How often a deleted channel is restored. Otherwise another one is created. */
const restoredShare = 0.7;

const keyId = 'storm';

const callerIn = (namespace: string, namespaces: string[]): Caller => ({ keyId, namespace, namespaces });

/** A version that the history of a namespace must have. */
export interface ExpectedVersion extends Pick<Version, 'version' | 'type' | 'actor' | 'channel'> {
  namespace: string;
  id: string;
}

/** The id of the event of a version. */
export const eventIdOf = ({ namespace, id, version }: ExpectedVersion): string =>
  `${namespace}:${id}:${version}`;

const patchOf = (
  kind: Exclude<(typeof kinds)[number], 'delete'>,
  channel: Channel,
  namespaces: string[],
  random: Random,
): ChannelPatch => {
  const isShared = channel.company_namespace.length > 1;
  const patches = {
    rename: { name: `c${random.next()}` },
    describe: { integration_meta: JSON.stringify({ at: random.next() }) },
    toggle: { disabled: !channel.disabled },
    move: {
      company_namespace: isShared ? [random.pick(namespaces)] : random.shuffle(namespaces).slice(0, 2),
    },
  };
  return patches[kind];
};

const createOne = async (table: Table, namespaces: string[], random: Random): Promise<Channel> => {
  const company_namespace = random.shuffle(namespaces).slice(0, random.pick([1, 1, 1, 2, 3]));
  const [home = ''] = company_namespace;
  const input = { name: `c${random.next()}`, company_namespace };
  const { document } = await createChannel(table, callerIn(home, namespaces), input, undefined);
  return getChannel(table, home, document._id);
};

/** The versions that a change makes: one in each namespace that sees it. */
const versionsOf = (
  before: Channel | undefined,
  after: Channel | undefined,
  isRestore: boolean,
): ExpectedVersion[] => {
  const id = (after ?? before)?._id as string;
  const version = after ? after.__v : (before?.__v ?? 0) + 1;
  const [old, now] = [before?.company_namespace ?? [], after?.company_namespace ?? []];
  return [...new Set([...old, ...now])].map((namespace) => {
    const common = { namespace, id, version, actor: keyId };
    if (!after || !now.includes(namespace)) return { ...common, type: 'deleted', channel: null };
    const type = old.includes(namespace) ? 'updated' : isRestore ? 'restored' : 'created';
    return { ...common, type, channel: toDocument(after) };
  });
};

/**
 * Makes random changes to a channel, one after the other: it is created, renamed, shared and moved between
 * namespaces, deleted, and restored. After some deletions, the next change creates another channel.
 * @returns what the history must have: one version for each change and namespace
 */
export const makeRandomChanges = async (
  table: Table,
  namespaces: string[],
  count: number,
  random: Random,
): Promise<ExpectedVersion[]> => {
  const versions: ExpectedVersion[] = [];
  let channel: Channel | undefined;
  let deleted: Channel | undefined;
  const change = async (): Promise<ExpectedVersion[]> => {
    const before = channel;
    if (!before) {
      const isRestore = deleted !== undefined && random.next() < restoredShare;
      channel = isRestore
        ? await restoreChannel(
            table,
            callerIn(random.pick(deleted?.company_namespace ?? []), namespaces),
            deleted?._id as string,
          )
        : await createOne(table, namespaces, random);
      deleted = undefined;
      return versionsOf(undefined, channel, isRestore);
    }
    const kind = random.pick(kinds);
    const home = callerIn(before.company_namespace[0] as string, namespaces);
    if (kind === 'delete') {
      deleted = await deleteChannel(table, home, before._id, undefined);
      channel = undefined;
      return versionsOf(before, undefined, false);
    }
    const patch = patchOf(kind, before, namespaces, random);
    channel = await updateChannel(table, home, before._id, patch, undefined);
    return isDeepStrictEqual(channel, before) ? [] : versionsOf(before, channel, false);
  };
  for (let done = 0; done < count; done++) versions.push(...(await change()));
  return versions;
};

/**
 * Compares histories with the versions that they must have.
 * @param read reads all versions of a channel in a namespace, newest first
 * @returns a line for each history that differs
 */
export const findWrongHistories = async (
  expected: ExpectedVersion[],
  read: (channel: ChannelKey) => Promise<Version[]>,
): Promise<string[]> => {
  const byChannel = Map.groupBy(expected, ({ namespace, id }) => `${namespace} ${id}`);
  const wrong: string[] = [];
  for (const [name, own] of byChannel) {
    const { namespace, id } = own[0] as ExpectedVersion;
    const wanted = own
      .sort((one, other) => other.version - one.version)
      .map(({ version, type, actor, channel }) => ({ version, type, actor, channel }));
    const found = (await read({ namespace, id })).map(({ version, type, actor, channel }) => ({
      version,
      type,
      actor,
      channel,
    }));
    if (!isDeepStrictEqual(found, wanted))
      wrong.push(`${name}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
  }
  return wrong;
};
