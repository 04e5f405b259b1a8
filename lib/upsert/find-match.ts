import type { Caller } from '../auth/authenticate.ts';
import type { Channel } from '../channels/channel.ts';
import {
  type Carriers,
  type ExternalKeyPath,
  externalKeyOf,
  readCarriers,
} from '../channels/external-keys.ts';
import { fromItem } from '../channels/items.ts';
import { keys } from '../channels/keys.ts';
import { scalarAt } from '../channels/scalar-at.ts';
import { WriteContention } from '../dynamodb/failures.ts';
import { again, retry } from '../dynamodb/retry.ts';
import type { Table } from '../dynamodb/table.ts';
import { findInIndex } from '../lists/read/look-up-by-metadata.ts';

/** The external key of a row: the text at a path of `integration_meta`. */
export interface RowKey {
  path: ExternalKeyPath;
  value: string;
}

/** The channels of a namespace that carry a key: none, one, or several, of which up to 10 ids are known. */
export type Match = { channel: Channel | undefined } | { ambiguous: string[] };

/** The maximum number of ids that an error names. */
const maxNamedIds = 10;

/** Whether a channel carries a key. */
export const carries = ({ integration_meta }: Channel, { path, value }: RowKey): boolean =>
  integration_meta !== undefined && scalarAt(JSON.parse(integration_meta), [path]) === value;

/** The external key of a row as its item names it. */
export const externalKeyOfRow = ({ path, value }: RowKey): string => externalKeyOf(path, value) as string;

const readChannels = async (table: Table, namespace: string, ids: string[]): Promise<Channel[]> =>
  (await table.batchGet(ids.map((id) => keys.channel(namespace, id)))).map(fromItem);

const idsOf = async (table: Table, namespace: string, { path, value }: RowKey, { count, ids }: Carriers) => {
  if (count <= ids.size) return [...ids];
  const indexed = await findInIndex(table, namespace, path, value, maxNamedIds);
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

/**
 * Reads what may match many keys, in two calls for 100 of them. The ids may be a moment old, so only a channel that carries
 * the key is certain.
 * @returns by the text of the key; a key is missing if `findMatch` has to find out more
 */
export const readHints = async (
  table: Table,
  { namespace }: Caller,
  rowKeys: RowKey[],
): Promise<Map<string, { channel: Channel | undefined }>> => {
  const carriersByKey = await readCarriers(table, namespace, rowKeys.map(externalKeyOfRow), {
    consistent: false,
  });
  const single = (key: RowKey) => {
    const carriers = carriersByKey.get(externalKeyOfRow(key));
    return carriers?.count === 1 ? [...carriers.ids] : [];
  };
  const channels = await readChannels(table, namespace, [...new Set(rowKeys.flatMap(single))]);
  const byId = new Map(channels.map((channel) => [channel._id, channel]));
  const hints = new Map<string, { channel: Channel | undefined }>();
  for (const key of rowKeys) {
    const count = carriersByKey.get(externalKeyOfRow(key))?.count ?? 0;
    const [id] = single(key);
    const channel = id === undefined ? undefined : byId.get(id);
    if (count === 0) hints.set(key.value, { channel: undefined });
    else if (channel && carries(channel, key)) hints.set(key.value, { channel });
  }
  return hints;
};
