import type { Channel } from '../../channels/channel.ts';
import { type ExternalKeyPath, externalKeyOf, readCarriers } from '../../channels/external-keys.ts';
import { type IdRange, includes } from '../../channels/id-range.ts';
import { metaKey } from '../../channels/index-keys.ts';
import { partitionOf } from '../../channels/keys.ts';
import { readFirst } from '../../dynamodb/pages.ts';
import type { Table } from '../../dynamodb/table.ts';
import type { Lookup } from '../plan/plan.ts';
import { sortKeyOf } from './index-queries.ts';
import { maxReadByIds, readAllChannels, readByIds } from './partition.ts';

/** The maximum number of queries that run at once for a filter by many values. */
const concurrency = 8;

/** What the external keys tell about the values of a filter. */
interface Known {
  ids: Set<string>;
  /** How many channels have one of the values, apart from those of values that have no external key. */
  count: number;
  /** The values that other channels than those of `ids` have, too. */
  incomplete: string[];
}

const readKnown = async (table: Table, namespace: string, { path, values }: Lookup): Promise<Known> => {
  const keysByValue = new Map(values.map((value) => [value, externalKeyOf(path, value)]));
  const externalKeys = [...keysByValue.values()].filter((key) => key !== undefined);
  const carriersByKey = await readCarriers(table, namespace, externalKeys);
  const known: Known = { ids: new Set(), count: 0, incomplete: [] };
  for (const [value, key] of keysByValue) {
    const carriers = key === undefined ? undefined : carriersByKey.get(key);
    for (const id of carriers?.ids ?? []) known.ids.add(id);
    known.count += carriers?.count ?? 0;
    if (key === undefined || (carriers && carriers.count !== carriers.ids.size)) known.incomplete.push(value);
  }
  return known;
};

const indexOf: Record<ExternalKeyPath, string> = { external_id: 'byExternalId', id: 'byMetaId' };

/** Finds up to `limit` ids in the index of a path. It may lag behind the table. */
export const findInIndex = async (
  table: Table,
  namespace: string,
  path: ExternalKeyPath,
  value: string,
  limit: number,
): Promise<string[]> => {
  const query = {
    IndexName: indexOf[path],
    KeyConditionExpression: `pk = :pk AND ${sortKeyOf(indexOf[path])} = :key`,
    ExpressionAttributeValues: { ':pk': partitionOf(namespace), ':key': metaKey(value) },
  };
  return (await readFirst(table, query, limit)).map(({ sk }) => sk as string);
};

const readFound = (table: Table, namespace: string, ids: Set<string>, idRange: IdRange) =>
  readByIds(
    table,
    namespace,
    [...ids].filter((id) => includes(idRange, id)),
  );

/**
 * Looks channels up by metadata values. The external keys tell their ids, strongly consistent. For a value that more than
 * 20 channels have, an index tells the others. Then the table gives the current state of the channels: one that has changed
 * meanwhile may no longer have the value. If more than 1,000 channels have one of the values, all channels of the id range
 * are read.
 * @throws ApiError `query_too_broad` if these exceed the read budget
 */
export const lookUpChannels = async (
  table: Table,
  namespace: string,
  { lookup, idRange }: { lookup: Lookup; idRange: IdRange },
): Promise<Channel[]> => {
  const { ids, count, incomplete } = await readKnown(table, namespace, lookup);
  const readAll = () => readAllChannels(table, namespace, idRange);
  if (count > maxReadByIds) return readAll();
  for (let start = 0; start < incomplete.length; start += concurrency) {
    const find = (value: string) => findInIndex(table, namespace, lookup.path, value, maxReadByIds + 1);
    const found = await Promise.all(incomplete.slice(start, start + concurrency).map(find));
    for (const id of found.flat()) ids.add(id);
    if (ids.size > maxReadByIds) return readAll();
  }
  return readFound(table, namespace, ids, idRange);
};

/**
 * The same, if the external keys alone tell all ids. The result then contains every write that was acknowledged before.
 * @returns undefined if they do not, or for more than 1,000 channels
 */
export const lookUpKnownChannels = async (
  table: Table,
  namespace: string,
  { lookup, idRange }: { lookup: Lookup; idRange: IdRange },
): Promise<Channel[] | undefined> => {
  const { ids, count, incomplete } = await readKnown(table, namespace, lookup);
  return incomplete.length || count > maxReadByIds ? undefined : readFound(table, namespace, ids, idRange);
};
