import { isDeepStrictEqual } from 'node:util';
import {
  allExternalKeys,
  externalKeyItemKey,
  externalKeysIn,
  maxCarrierIds,
  newToken,
  toCarriers,
} from '../channels/external-keys.ts';
import { allIds } from '../channels/id-range.ts';
import { channelsIn } from '../channels/keys.ts';
import { ConditionFailed, WriteContention } from '../dynamodb/failures.ts';
import type { Item } from '../dynamodb/item.ts';
import { pages } from '../dynamodb/pages.ts';
import type { Table } from '../dynamodb/table.ts';
import { mapConcurrently } from '../map-concurrently.ts';

const maxAttempts = 10;

/** The maximum number of items that are written at once. A namespace may have 200,000. */
const concurrency = 8;

/** The stored items of a namespace, by external key. */
const readItems = async (table: Table, namespace: string): Promise<Map<string, Item>> => {
  const items = new Map<string, Item>();
  for (const query of allExternalKeys(namespace))
    for await (const page of pages(table, query))
      for (const item of page.items) items.set(item.sk as string, item);
  return items;
};

/** The ids of the channels that carry each external key, in ascending order. */
const findCarriers = async (table: Table, namespace: string): Promise<Map<string, string[]>> => {
  const carriers = new Map<string, string[]>();
  const query = { ...channelsIn(namespace, allIds), ProjectionExpression: 'sk, integration_meta' };
  for await (const page of pages(table, query))
    for (const { sk, integration_meta } of page.items)
      for (const key of externalKeysIn(integration_meta as string | undefined)) {
        const ids = carriers.get(key);
        if (ids) ids.push(sk as string);
        else carriers.set(key, [sk as string]);
      }
  return carriers;
};

/** Whether an item counts these carriers, and has the ids of all of them, or of 20. An item that nobody needs is not right. */
const isRight = (item: Item | undefined, carriers: string[] = []): boolean => {
  if (!item) return !carriers.length;
  const { count, ids } = toCarriers(item);
  return (
    carriers.length > 0 &&
    count === carriers.length &&
    ids.size === Math.min(carriers.length, maxCarrierIds) &&
    [...ids].every((id) => carriers.includes(id))
  );
};

/** Writes or removes an item on the condition that nobody has changed it. @returns whether this was so */
const repair = async (
  table: Table,
  namespace: string,
  externalKey: string,
  stored: Item | undefined,
  carriers: string[] = [],
): Promise<boolean> => {
  const Key = externalKeyItemKey(namespace, externalKey);
  const unchanged = {
    ConditionExpression: stored?.token === undefined ? 'attribute_not_exists(#token)' : '#token = :token',
    ExpressionAttributeNames: { '#token': 'token' },
  };
  const values = stored?.token === undefined ? {} : { ':token': stored.token };
  try {
    if (!carriers.length)
      await table.delete({
        Key,
        ...unchanged,
        ...(stored?.token !== undefined && { ExpressionAttributeValues: values }),
      });
    else
      await table.update({
        Key,
        UpdateExpression: 'SET n = :n, ids = :ids, #token = :new',
        ...unchanged,
        ExpressionAttributeValues: {
          ...values,
          ':n': carriers.length,
          ':ids': new Set(carriers.slice(0, maxCarrierIds)),
          ':new': newToken(),
        },
      });
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
};

/**
 * Compares the external keys of a namespace with its channels, repairs those that are wrong, and removes those that no
 * channel carries. Others may write meanwhile: every write that changes the carriers of a key gives its item another token.
 * So a key is decided only if its token is the same before and after the channels were read, and a repair has the condition
 * that it still is. An item may be visible a moment before its channel, so a repair is made only if a second reading of the
 * channels agrees.
 * @returns how many items were wrong or missing
 * @throws WriteContention after 10 attempts in which others changed a key. The other keys are right then.
 */
export const rebuildExternalKeys = async (table: Table, namespace: string): Promise<number> => {
  let repaired = 0;
  let undecided: Set<string> | undefined;
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const stored = await readItems(table, namespace);
    const carriers = await findCarriers(table, namespace);
    const keys = undecided ?? new Set([...stored.keys(), ...carriers.keys()]);
    const wrong = [...keys].filter((key) => !isRight(stored.get(key), carriers.get(key)));
    const confirmed = wrong.length ? await findCarriers(table, namespace) : carriers;
    const latest = await readItems(table, namespace);
    const isDecided = (key: string) =>
      latest.get(key)?.token === stored.get(key)?.token &&
      isDeepStrictEqual(confirmed.get(key), carriers.get(key));

    const open = new Set([...keys].filter((key) => !isDecided(key)));
    const decided = wrong.filter((key) => !open.has(key));
    await mapConcurrently(decided, concurrency, async (key) => {
      if (await repair(table, namespace, key, stored.get(key), carriers.get(key))) repaired++;
      else open.add(key);
    });
    if (!open.size) return repaired;
    undecided = open;
  }
  throw new WriteContention(
    `External keys of "${namespace}" changed during each of ${maxAttempts} attempts: try again later`,
  );
};
