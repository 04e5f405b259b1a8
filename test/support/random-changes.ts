import type { Caller } from '../../lib/auth/authenticate.ts';
import type { ChannelPatch } from '../../lib/channels/body-schema.ts';
import type { Channel } from '../../lib/channels/channel.ts';
import { createChannel, deleteChannel, getChannel, updateChannel } from '../../lib/channels/store.ts';
import type { Table } from '../../lib/dynamodb/table.ts';
import type { Random } from './random.ts';

const kinds = ['rename', 'rename', 'describe', 'describe', 'toggle', 'move', 'delete'] as const;

const callerIn = (namespace: string, namespaces: string[]): Caller => ({
  keyId: 'storm',
  namespace,
  namespaces,
});

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

/** Makes one change. Returns the channel after it, and the namespaces that see the change. */
const change = async (table: Table, namespaces: string[], before: Channel | undefined, random: Random) => {
  if (!before) {
    const company_namespace = random.shuffle(namespaces).slice(0, random.pick([1, 1, 1, 2, 3]));
    const [home = ''] = company_namespace;
    const input = { name: `c${random.next()}`, company_namespace };
    const { document } = await createChannel(table, callerIn(home, namespaces), input, undefined);
    return { after: await getChannel(table, home, document._id), seenBy: company_namespace, version: 0 };
  }
  const kind = random.pick(kinds);
  const home = callerIn(before.company_namespace[0] as string, namespaces);
  if (kind === 'delete') {
    await deleteChannel(table, home, before._id, undefined);
    return { after: undefined, seenBy: before.company_namespace, version: before.__v + 1 };
  }
  const after = await updateChannel(
    table,
    home,
    before._id,
    patchOf(kind, before, namespaces, random),
    undefined,
  );
  const seenBy = [...new Set([...before.company_namespace, ...after.company_namespace])];
  return { after, seenBy, version: after.__v };
};

/**
 * Makes random changes to a channel, one after the other: it is created, renamed, shared and moved between
 * namespaces, and deleted. After a deletion, the next change creates another channel.
 * @returns the ids of the events that must follow: one for each change and namespace
 */
export const makeRandomChanges = async (
  table: Table,
  namespaces: string[],
  count: number,
  random: Random,
): Promise<string[]> => {
  const ids: string[] = [];
  let channel: Channel | undefined;
  for (let done = 0; done < count; done++) {
    const id: string | undefined = channel?._id;
    const { after, seenBy, version } = await change(table, namespaces, channel, random);
    ids.push(...seenBy.map((namespace) => `${namespace}:${id ?? after?._id}:${version}`));
    channel = after;
  }
  return ids;
};
