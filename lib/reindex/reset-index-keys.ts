import { allIds } from '../channels/id-range.ts';
import { indexKeys } from '../channels/index-keys.ts';
import { fromItem, hasCorrectKeys, indexKeyAttributes } from '../channels/items.ts';
import { channelsIn } from '../channels/keys.ts';
import { ConditionFailed, WriteContention } from '../dynamodb/failures.ts';
import type { Item } from '../dynamodb/item.ts';
import { pages } from '../dynamodb/pages.ts';
import { again, retry } from '../dynamodb/retry.ts';
import type { Table, Update } from '../dynamodb/table.ts';

const setKeys = (item: Item): Update => {
  const wanted: Partial<Record<(typeof indexKeyAttributes)[number], string>> = indexKeys(fromItem(item));
  const present = indexKeyAttributes.filter((attribute) => wanted[attribute] !== undefined);
  const absent = indexKeyAttributes.filter((attribute) => wanted[attribute] === undefined);
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
  const attempt = async (): Promise<undefined | typeof again> => {
    if (!item || hasCorrectKeys(item)) return undefined;
    try {
      await table.update(setKeys(item));
      return undefined;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      item = error.item;
      return again;
    }
  };
  const exhausted = () => {
    throw new WriteContention(`The channel "${found.sk}" changed during every attempt: try again later`);
  };
  await retry(attempt, { signal: table.signal, exhausted });
};

/**
 * Sets the index keys of all channels of a namespace that have a missing or wrong one. Others may write meanwhile. The
 * documents of the channels stay as they are.
 * @returns how many channels were corrected
 * @throws WriteContention if a channel changed during every attempt
 */
export const resetIndexKeys = async (table: Table, namespace: string): Promise<number> => {
  let count = 0;
  for await (const page of pages(table, channelsIn(namespace, allIds)))
    for (const item of page.items) {
      if (hasCorrectKeys(item)) continue;
      await reset(table, item);
      count++;
    }
  return count;
};
