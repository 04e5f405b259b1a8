import { randomBytes } from 'node:crypto';
import type { Item } from '../dynamodb/item.ts';
import type { Table, Write } from '../dynamodb/table.ts';
import type { Channel } from './channel.ts';
import { metaKey, metaKeys } from './index-keys.ts';

/** The keys of `integration_meta` that hold the ids of other systems. */
export type ExternalKeyPath = 'external_id' | 'id';

/**
 * The items of a namespace are spread over so many partitions of their own: the partition of the channels stays as busy as
 * it is, and one partition takes 1,000 write units a second.
 */
const shards = 16;

const partitionOf = (namespace: string, shard: number) => `EXTERNAL#${namespace}#${shard}`;

/** The namespace in the partition key of external keys, or undefined for any other partition key. */
export const namespaceOfExternalKeys = (partition: string): string | undefined =>
  /^EXTERNAL#(.+)#\d+$/.exec(partition)?.[1];

/** The texts that many clients store if there is no id. Channels that share one would wait for each other for nothing. */
export const textsOfNoId = ['', 'null'];
const hashesOfNoId = new Set(textsOfNoId.map(metaKey));

const joinKey = (path: ExternalKeyPath, hash: string | undefined): string | undefined =>
  hash === undefined || hashesOfNoId.has(hash) ? undefined : `${path}#${hash}`;

/**
 * The external key of a value: the sort key of its item. Values are compared as text.
 * @returns undefined for `""` and `"null"`, which count as no id
 */
export const externalKeyOf = (path: ExternalKeyPath, value: string): string | undefined =>
  joinKey(path, metaKey(value));

/** The external keys that a channel carries. @param meta its `integration_meta`, as JSON text */
export const externalKeysIn = (meta: string | undefined): string[] => {
  const { externalIdKey, metaIdKey } = metaKeys(meta);
  return [joinKey('external_id', externalIdKey), joinKey('id', metaIdKey)].filter((key) => key !== undefined);
};

/** The key of the item of an external key. */
export const externalKeyItemKey = (namespace: string, externalKey: string) => {
  const hash = externalKey.slice(externalKey.indexOf('#') + 1);
  return {
    pk: partitionOf(namespace, (Buffer.from(hash, 'base64url')[0] as number) % shards),
    sk: externalKey,
  };
};

/** Queries for all external keys of a namespace, strongly consistent, one for each partition. */
export const allExternalKeys = (namespace: string) =>
  Array.from({ length: shards }, (_, shard) => ({
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': partitionOf(namespace, shard) },
    ConsistentRead: true,
  }));

/** How many ids an item holds. A lookup reads the whole item, and 20 ids keep it below 1 KB: a write of 1 unit. */
export const maxCarrierIds = 20;

/** Differs in every state of an item, also if the item is removed and made again. */
export const newToken = (): string => randomBytes(9).toString('base64url');

/** External keys of which the item already holds 20 ids: names of their items, as `itemName` makes them. */
export type CrowdedKeys = ReadonlySet<string>;

const itemName = ({ pk, sk }: Item): string => `${pk} ${sk}`;

/** The name of the item of an external key, if this is one that has no room for another id. */
export const nameOfCrowdedItem = (item: Item): string | undefined =>
  namespaceOfExternalKeys(item.pk as string) !== undefined && toCarriers(item).ids.size >= maxCarrierIds
    ? itemName(item)
    : undefined;

/** If the item is crowded, only its count changes: a lookup then also reads the index. */
const addCarrier = (namespace: string, externalKey: string, id: string, crowded: CrowdedKeys): Write => {
  const Key = externalKeyItemKey(namespace, externalKey);
  const ExpressionAttributeNames = { '#token': 'token' };
  const values = { ':one': 1, ':token': newToken() };
  if (crowded.has(itemName(Key)))
    return {
      Update: {
        Key,
        UpdateExpression: 'SET #token = :token ADD n :one',
        ExpressionAttributeNames,
        ExpressionAttributeValues: values,
      },
    };
  return {
    Update: {
      Key,
      UpdateExpression: 'SET #token = :token ADD n :one, ids :id',
      ConditionExpression: 'attribute_not_exists(ids) OR size(ids) < :max',
      ExpressionAttributeNames,
      ExpressionAttributeValues: { ...values, ':id': new Set([id]), ':max': maxCarrierIds },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  };
};

/** Adds the condition that nobody carries the key to the write that adds a carrier to this item. Returns other writes unchanged. */
export const requireNoCarrier = (write: Write, { pk, sk }: { pk: string; sk: string }): Write => {
  const { Update } = write;
  if (Update?.Key?.pk !== pk || Update.Key.sk !== sk) return write;
  const { ':max': _, ...values } = Update.ExpressionAttributeValues ?? {};
  return {
    Update: {
      ...Update,
      ConditionExpression: 'attribute_not_exists(n) OR n = :zero',
      ExpressionAttributeValues: { ...values, ':zero': 0 },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  };
};

const removeCarrier = (namespace: string, externalKey: string, id: string): Write => ({
  Update: {
    Key: externalKeyItemKey(namespace, externalKey),
    UpdateExpression: 'SET #token = :token ADD n :minusOne DELETE ids :id',
    ExpressionAttributeNames: { '#token': 'token' },
    ExpressionAttributeValues: { ':token': newToken(), ':minusOne': -1, ':id': new Set([id]) },
  },
});

/**
 * The writes that keep the external keys of one namespace right when a channel changes: at most four.
 * @param before the channel in this namespace before the change; undefined if it was not there
 * @param after the channel in this namespace after the change; undefined if it is gone
 */
export const externalKeyWrites = (
  namespace: string,
  before: Channel | undefined,
  after: Channel | undefined,
  crowded: CrowdedKeys,
): Write[] => {
  const [old, now] = [before, after].map((channel) => externalKeysIn(channel?.integration_meta)) as [
    string[],
    string[],
  ];
  const id = (after ?? before)?._id ?? '';
  return [
    ...old.filter((key) => !now.includes(key)).map((key) => removeCarrier(namespace, key, id)),
    ...now.filter((key) => !old.includes(key)).map((key) => addCarrier(namespace, key, id, crowded)),
  ];
};

/** The channels of a namespace that carry an external key. */
export interface Carriers {
  count: number;
  /** The ids of all of them, or of up to 20 if there are or were more. */
  ids: Set<string>;
}

export const toCarriers = ({ n, ids }: Item): Carriers => ({
  count: n as number,
  ids: (ids as Set<string> | undefined) ?? new Set(),
});

/**
 * Reads which channels carry external keys.
 * @param externalKeys different ones
 * @param options.consistent false: the answer may be a moment old, and costs 0.5 read units a key in place of 1
 * @returns the carriers by external key. A key that no channel ever carried is missing
 */
export const readCarriers = async (
  table: Table,
  namespace: string,
  externalKeys: string[],
  options: { consistent?: boolean } = {},
): Promise<Map<string, Carriers>> => {
  const items = await table.batchGet(
    externalKeys.map((key) => externalKeyItemKey(namespace, key)),
    options,
  );
  return new Map(items.map((item) => [item.sk as string, toCarriers(item)]));
};
