import { allIds } from '../channels/id-range.ts';
import { indexKeys } from '../channels/index-keys.ts';
import { fromItem } from '../channels/items.ts';
import { channelsIn } from '../channels/keys.ts';
import { attempts } from '../dynamodb/retry.ts';
import { ConditionFailed } from '../dynamodb/failures.ts';
import type { Item } from '../dynamodb/item.ts';
import { pages } from '../dynamodb/pages.ts';
import type { Table, Update } from '../dynamodb/table.ts';
import { ApiError } from '../errors.ts';

const attributes = ['nameKey', 'statusKey', 'externalIdKey', 'metaIdKey'] as const;

const wantedKeys = (item: Item): Partial<Record<(typeof attributes)[number], string>> =>
  indexKeys(fromItem(item));

const areCorrect = (item: Item): boolean => {
  const wanted = wantedKeys(item);
  return attributes.every((attribute) => item[attribute] === wanted[attribute]);
};

const setKeys = (item: Item): Update => {
  const wanted = wantedKeys(item);
  const present = attributes.filter((attribute) => wanted[attribute] !== undefined);
  const absent = attributes.filter((attribute) => wanted[attribute] === undefined);
  const set = present.map((attribute) => `${attribute} = :${attribute}`).join(', ');
  return {
    Key: { pk: item.pk, sk: item.sk },
    UpdateExpression: `SET ${set}${absent.length ? ` REMOVE ${absent.join(', ')}` : ''}`,
    ConditionExpression: '#v = :v',
    ExpressionAttributeNames: { '#v': '__v' },
    ExpressionAttributeValues: {
      ':v': item.__v,
      ...Object.fromEntries(present.map((attribute) => [`:${attribute}`, wanted[attribute]])),
    },
  };
};

const reset = async (table: Table, found: Item): Promise<void> => {
  let item: Item | undefined = found;
  for await (const _ of attempts(table.signal)) {
    if (!item || areCorrect(item)) return;
    try {
      await table.update(setKeys(item));
      return;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      item = error.item;
    }
  }
  throw new ApiError('conflict', `The channel "${found.sk}" changed with every try: try again later.`);
};

/**
 * Sets the keys by which the indexes find the channels of a namespace, where they are missing or wrong, while others
 * write. The channels themselves stay as they are.
 * @returns how many channels lacked a right key
 * @throws ApiError `conflict` where a channel changed with every try.
 */
export const resetIndexKeys = async (table: Table, namespace: string): Promise<number> => {
  let count = 0;
  for await (const page of pages(table, channelsIn(namespace, allIds)))
    for (const item of page.items) {
      if (areCorrect(item)) continue;
      await reset(table, item);
      count++;
    }
  return count;
};
