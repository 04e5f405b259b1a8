import { PutCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { Channel } from '../../../lib/channels/channel.ts';
import type { Item } from '../../../lib/dynamodb/item.ts';
import type { Write } from '../../../lib/dynamodb/table.ts';
import { idAt } from '../../support/seed.ts';
import { durationBetween } from './scheduler.ts';
import { channelsTable, namespaces, type World } from './world.ts';

const maxChannels = 12;
const maxNameLength = 200;

/** A write that was done: the channel after it, or that it is gone. */
export interface Written {
  before: Channel | undefined;
  after: Channel | undefined;
  version: number;
}

const someNamespaces = ({ random, happens }: World): string[] =>
  happens(0.4) ? [...namespaces] : [random.pick(namespaces)];

/** The stored channel, if it is in any namespace. */
const find = ({ database, system: { fromItem, keys } }: World, id: string): Channel | undefined => {
  const items = namespaces.map((namespace) => database.item(channelsTable, keys.channel(namespace, id)));
  const item = items.find((stored) => stored !== undefined);
  return item && fromItem(item);
};

const isChannelOrTombstone = ({ Put, Update, Delete }: Write): boolean =>
  /^([0-9a-f]{24}$|~tombstone#)/.test((Put?.Item ?? Update?.Key ?? Delete?.Key)?.sk as string);

/** Sends a write without the faults of the network. Returns whether it was done. */
const send = async (world: World, command: TransactWriteCommand | PutCommand): Promise<boolean> => {
  try {
    await world.database.execute(command, undefined);
    return true;
  } catch (error) {
    // Another writer was faster.
    if (!(error as Error).name.endsWith('Exception')) world.fail(error as Error);
    return false;
  }
};

/** Writes the index keys of a channel again. The document and its version stay as they are. */
const reindex = async (world: World, { _id, __v }: Channel): Promise<void> => {
  const { database, random, system } = world;
  const item = database.item(channelsTable, system.keys.channel(random.pick(namespaces), _id));
  if (!item) return;
  await send(
    world,
    new PutCommand({
      TableName: channelsTable,
      Item: { ...item, nameKey: `another key ${random.below(1_000)}` },
      ConditionExpression: '#v = :v',
      ExpressionAttributeNames: { '#v': '__v' },
      ExpressionAttributeValues: { ':v': __v },
    }),
  );
};

const newName = ({ random }: World): string => 'n'.repeat(random.below(maxNameLength)) + random.below(1_000);

const planChange = (world: World, before: Channel | undefined, updatedAt: number, keyId: string) => {
  const { ids, happens, random, scheduler } = world;
  const base = { name: newName(world), disabled: false, updatedAt, writtenBy: keyId, writeId: '' };
  if (!before) {
    const _id = idAt(scheduler.now + random.below(5), ids.length + 1);
    ids.push(_id);
    return { ...base, _id, company_namespace: someNamespaces(world), __v: 0 };
  }
  if (happens(0.25)) return undefined;
  const company_namespace = happens(0.4) ? someNamespaces(world) : before.company_namespace;
  return { ...before, ...base, company_namespace, __v: before.__v + 1 };
};

/**
 * Makes one random change of a random channel: creates, changes, moves or deletes it, as the service plans such writes.
 * @returns undefined if nothing was written, because another writer was faster
 */
export const writeOnce = async (world: World, keyId: string): Promise<Written | undefined> => {
  const { clockErrorMs, ids, random, scheduler, system } = world;
  const isCreation = !ids.length || (ids.length < maxChannels && world.happens(0.25));
  const before = isCreation ? undefined : find(world, random.pick(ids));
  if (!isCreation && !before) return undefined;
  if (before && world.happens(0.1)) {
    await reindex(world, before);
    return undefined;
  }
  const clock = scheduler.now + random.below(2 * clockErrorMs + 1) - clockErrorMs;
  const now = Math.max(clock, (before?.updatedAt ?? 0) + 1);
  const after: Channel | undefined = planChange(world, before, now, keyId);
  await scheduler.sleep(durationBetween(random, 1, 20));
  const writes = system.planChannelWrites(before, after, { now, keyId }, 0).filter(isChannelOrTombstone);
  const TransactItems = writes.map((write) => {
    const [kind, input] = Object.entries(write)[0] as [string, Item];
    return { [kind]: { TableName: channelsTable, ...input } };
  });
  const isDone = await send(world, new TransactWriteCommand({ TransactItems } as never));
  if (!isDone) return undefined;
  return { before, after, version: after?.__v ?? (before?.__v ?? 0) + 1 };
};

/** Makes some changes within a time. */
export const runWriter = async (world: World, keyId: string, duration: number, writes: number) => {
  for (let count = 0; count < writes; count++) {
    await world.scheduler.sleep(world.random.below(Math.ceil(duration / writes)));
    await writeOnce(world, keyId);
  }
};
