import type { Caller } from '../auth/authenticate.ts';
import type { Channel } from '../channels/channel.ts';
import {
  type Carriers,
  type ExternalKeyPath,
  externalKeyItemKey,
  externalKeyOf,
  readCarriers,
  toCarriers,
} from '../channels/external-keys.ts';
import { fromItem } from '../channels/items.ts';
import { keys } from '../channels/keys.ts';
import { scalarAt } from '../channels/scalar-at.ts';
import { WriteContention } from '../dynamodb/failures.ts';
import { again, retry } from '../dynamodb/retry.ts';
import type { Table } from '../dynamodb/table.ts';
import { findInIndex } from '../lists/read/look-up-by-metadata.ts';

/** The key of a row: the text that a channel must have at a path of `integration_meta`. */
export interface RowKey {
  path: ExternalKeyPath;
  matchValue: string;
}

/** The channels of a namespace that carry a key: none, one, or several, of which up to 10 ids are known. */
export type Match = { channel: Channel | undefined } | { ambiguous: string[] };

/**
 * What probably matches a key: one channel in its current version, or none. The channel may carry another key by now: see
 * `carries`. Only if `isCertain` says so, it is certain that there is none.
 */
export type Hint = { channel: Channel } | { channel: undefined; isCertain: boolean };

/** The maximum number of ids that an error names. */
const maxNamedIds = 10;

/** Whether a channel carries a key. */
export const carries = ({ integration_meta }: Channel, { path, matchValue }: RowKey): boolean =>
  integration_meta !== undefined && scalarAt(JSON.parse(integration_meta), [path]) === matchValue;

/** The external key, the sort key of an item, that belongs to the key of a row. No row has a key that counts as no id. */
export const externalKeyOfRow = ({ path, matchValue }: RowKey): string =>
  externalKeyOf(path, matchValue) as string;

const readChannels = async (table: Table, namespace: string, ids: string[]): Promise<Channel[]> =>
  (await table.batchGet(ids.map((id) => keys.channel(namespace, id)))).map(fromItem);

const idsOf = async (
  table: Table,
  namespace: string,
  { path, matchValue }: RowKey,
  { count, ids }: Carriers,
) => {
  if (count <= ids.size) return [...ids];
  const indexed = await findInIndex(table, namespace, path, matchValue, maxNamedIds);
  return [...new Set([...ids, ...indexed])];
};

/**
 * Finds the channels that carry a key, strongly consistent.
 * @throws WriteContention if they change during every attempt
 */
export const findMatch = (table: Table, { namespace }: Caller, key: RowKey): Promise<Match> => {
  const externalKey = externalKeyOfRow(key);
  const attempt = async (): Promise<Match | typeof again> => {
    const carriers = (await readCarriers(table, namespace, [externalKey])).get(externalKey);
    if (!carriers?.count) return { channel: undefined };
    const ids = await idsOf(table, namespace, key, carriers);
    const found = (await readChannels(table, namespace, ids)).filter((channel) => carries(channel, key));
    if (carriers.count === 1 && found.length === 1) return { channel: found[0] };
    // Fewer: a channel has changed since its id was read, or the index does not show it yet.
    if (found.length < 2) return again;
    return {
      ambiguous: found
        .map(({ _id }) => _id)
        .sort()
        .slice(0, maxNamedIds),
    };
  };
  const exhausted = () => {
    throw new WriteContention();
  };
  return retry(attempt, { signal: table.signal, exhausted });
};

const noCarriers: Carriers = { count: 0, ids: new Set() };

/**
 * Reads what matches many different keys, in two calls for 100 of them. The first call may read items that are a moment old,
 * because that costs half as much. So the second call reads the channels, strongly consistent.
 * @param needsProof whether the caller relies on it that so many channels carry this key: none, or one. The second call then
 * reads its item again
 * @returns by `matchValue`. A key is missing if `findMatch` has to find out more
 */
export const readHints = async (
  table: Table,
  { namespace }: Caller,
  rowKeys: RowKey[],
  needsProof: (key: RowKey, count: 0 | 1) => boolean,
): Promise<Map<string, Hint>> => {
  const known = await readCarriers(table, namespace, rowKeys.map(externalKeyOfRow), { consistent: false });
  const expected = rowKeys.flatMap((key) => {
    const externalKey = externalKeyOfRow(key);
    const { count, ids } = known.get(externalKey) ?? noCarriers;
    return count === 0 || count === 1
      ? [{ key, externalKey, count, ids, isProven: needsProof(key, count) }]
      : [];
  });
  const toRead = expected.flatMap(({ externalKey, ids, isProven }) => [
    ...[...ids].map((id) => keys.channel(namespace, id)),
    ...(isProven ? [externalKeyItemKey(namespace, externalKey)] : []),
  ]);
  // Two items name the same channel if one was read before the channel changed its key, and the other one after it.
  const withoutRepeats = new Map(toRead.map((key) => [key.sk, key])).values();
  const items = new Map((await table.batchGet([...withoutRepeats])).map((item) => [item.sk as string, item]));
  const hintOf = ({ externalKey, count, ids, isProven }: (typeof expected)[number]): Hint | undefined => {
    const item = items.get(externalKey);
    const proof = item ? toCarriers(item) : noCarriers;
    if (isProven && !(proof.count === count && [...ids].every((id) => proof.ids.has(id)))) return undefined;
    if (count === 0) return { channel: undefined, isCertain: isProven };
    const [channel] = [...ids].map((id) => items.get(id));
    return channel && { channel: fromItem(channel) };
  };
  const hints = new Map<string, Hint>();
  for (const each of expected) {
    const hint = hintOf(each);
    if (hint) hints.set(each.key.matchValue, hint);
  }
  return hints;
};
