import { isDeepStrictEqual } from 'node:util';
import type { Channel } from '../../lib/channels/channel.ts';
import { parseChannelId } from '../../lib/channels/channel-id.ts';
import { allExternalKeys, externalKeysIn, toCarriers } from '../../lib/channels/external-keys.ts';
import { fromItem, fromTombstone, isCounter, sumCounters } from '../../lib/channels/items.ts';
import { itemsBetween, readTombstoneKey, sortKeyPrefix } from '../../lib/channels/keys.ts';
import { searchableText } from '../../lib/channels/searchable-text.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { pages } from '../../lib/dynamodb/pages.ts';
import type { Table } from '../../lib/dynamodb/table.ts';

/** All items of a namespace, in the order of their sort keys. */
export const readPartition = async (table: Table, namespace: string): Promise<Item[]> => {
  const items: Item[] = [];
  for await (const page of pages(table, itemsBetween(namespace, '!', '~~'))) items.push(...page.items);
  return items;
};

/** All external keys of a namespace that a channel carries or carried. */
const readExternalKeys = async (table: Table, namespace: string): Promise<Item[]> => {
  const items: Item[] = [];
  for (const query of allExternalKeys(namespace))
    for await (const page of pages(table, query)) items.push(...page.items);
  return items;
};

/**
 * Compares the external keys of a namespace with its channels. An item that names only a part of the carriers is right: some
 * channels may have got the key when 20 others had it.
 * @returns one line for each wrong item
 */
export const findWrongExternalKeys = async (
  table: Table,
  namespace: string,
  channels: Pick<Channel, '_id' | 'integration_meta'>[],
): Promise<string[]> => {
  const wanted = new Map<string, string[]>();
  for (const { _id, integration_meta } of channels)
    for (const key of externalKeysIn(integration_meta)) wanted.set(key, [...(wanted.get(key) ?? []), _id]);
  const stored = new Map(
    (await readExternalKeys(table, namespace)).map((item) => [item.sk as string, toCarriers(item)]),
  );
  return [...new Set([...wanted.keys(), ...stored.keys()])].flatMap((key) => {
    const carriers = wanted.get(key) ?? [];
    const { count, ids } = stored.get(key) ?? { count: 0, ids: new Set<string>() };
    if (count === carriers.length && [...ids].every((id) => carriers.includes(id))) return [];
    return [`${namespace}: the item of ${key} says ${count}: ${[...ids]} instead of ${carriers}`];
  });
};

const sortKeyOf = ({ sk }: Item) => sk as string;

const channelsAmong = (items: Item[]): Map<string, Channel> =>
  new Map(
    items.filter((item) => parseChannelId(sortKeyOf(item))).map((item) => [sortKeyOf(item), fromItem(item)]),
  );

const wrongTotals = (items: Item[], channels: Channel[]): string[] => {
  const totals = sumCounters(items.filter(isCounter));
  const counted = {
    enabled: channels.filter(({ disabled }) => !disabled).length,
    disabled: channels.filter(({ disabled }) => disabled).length,
  };
  return isDeepStrictEqual(totals, counted)
    ? []
    : [`the totals are ${JSON.stringify(totals)} instead of ${JSON.stringify(counted)}`];
};

/** Nothing applies pending changes, so each channel that has been here has one, with the names that it has now. */
const wrongPendingChanges = (items: Item[], channels: Map<string, Channel>): string[] => {
  const targets = new Map<string, unknown>();
  for (const item of items)
    if (sortKeyOf(item).startsWith(sortKeyPrefix.pendingChange))
      targets.set(sortKeyOf(item).slice(sortKeyPrefix.pendingChange.length), item.target);
  const gone = items.map((item) => readTombstoneKey(sortKeyOf(item))).filter((id) => id !== undefined);
  const wanted = new Map<string, unknown>([
    ...gone.map((id): [string, unknown] => [id, undefined]),
    ...[...channels].map(([id, channel]): [string, unknown] => [id, searchableText(channel)]),
  ]);
  return isDeepStrictEqual(targets, wanted) ? [] : ['the pending changes do not fit the channels'];
};

const wrongTombstones = (items: Item[], channels: Map<string, Channel>): string[] =>
  items
    .filter((item) => readTombstoneKey(sortKeyOf(item)) !== undefined)
    .filter((item) => channels.has(fromTombstone(item).document._id))
    .map((item) => `${sortKeyOf(item)} is the tombstone of a channel that is there`);

/** A creation that left its record also left its channel, which may have been deleted since. */
const wrongIdempotencyRecords = (items: Item[], channels: Map<string, Channel>): string[] =>
  items
    .filter((item) => sortKeyOf(item).startsWith(sortKeyPrefix.idempotency))
    .map(({ document }) => JSON.parse(document as string)._id as string)
    .filter((id) => !channels.has(id) && !items.some((item) => readTombstoneKey(sortKeyOf(item)) === id))
    .map((id) => `the idempotency record names the channel ${id}, which was never there`);

/**
 * Looks for writes that were done in part only, in namespaces whose pending changes nobody applies: copies that differ or
 * are missing, and totals, tombstones, pending changes, external keys and idempotency records that do not fit the channels.
 * @param namespaces all namespaces of the channels in them
 * @returns one line for each fault. A whole state has none.
 */
export const findTornWrites = async (table: Table, namespaces: string[]): Promise<string[]> => {
  const partitions = await Promise.all(
    namespaces.map(async (namespace) => {
      const items = await readPartition(table, namespace);
      const channels = channelsAmong(items);
      const wrongKeys = await findWrongExternalKeys(table, namespace, [...channels.values()]);
      return { namespace, items, channels, wrongKeys };
    }),
  );
  return partitions.flatMap(({ namespace, items, channels, wrongKeys }) => {
    const copies = [...channels.values()].flatMap((channel) => {
      const others = partitions.filter(({ channels: copies }) => copies.has(channel._id));
      const places = others.map((each) => each.namespace).sort();
      if (!isDeepStrictEqual(places, [...channel.company_namespace].sort()))
        return [`${channel._id} is in ${places}, and says ${channel.company_namespace}`];
      return others.every((each) => isDeepStrictEqual(each.channels.get(channel._id), channel))
        ? []
        : [`the copies of ${channel._id} differ`];
    });
    return [
      ...copies,
      ...wrongTotals(items, [...channels.values()]),
      ...wrongTombstones(items, channels),
      ...wrongPendingChanges(items, channels),
      ...wrongIdempotencyRecords(items, channels),
    ]
      .map((fault) => `${namespace}: ${fault}`)
      .concat(wrongKeys);
  });
};
