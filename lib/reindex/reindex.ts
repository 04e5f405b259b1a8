import { createHash, randomUUID } from 'node:crypto';
import { above, everyId, isEmpty } from '../channels/id-range.ts';
import { fromItem } from '../channels/items.ts';
import { channelsIn, keys } from '../channels/keys.ts';
import { markUpdate } from '../channels/pending-change.ts';
import { readBlock, removeEmpty } from '../projections/rank-index/bucket-store.ts';
import { allEntries, type Entry, entriesOf, idOfEntry } from '../projections/search-index/suffix-entries.ts';
import { recount } from '../projections/rank-index/recount-buckets.ts';
import { settle } from '../projections/apply/apply-pending.ts';
import type { Tables } from '../projections/channel-tables.ts';
import { attempts } from '../dynamodb/retry.ts';
import { TransactionRefused } from '../dynamodb/failures.ts';
import type { Item } from '../dynamodb/item.ts';
import { pages } from '../dynamodb/pages.ts';
import type { Write } from '../dynamodb/table.ts';
import { ApiError } from '../errors.ts';
import { foldText } from '../text/fold.ts';
import { recountTotals } from './recount-totals.ts';
import { resetIndexKeys } from './reset-index-keys.ts';

/** All entries of one channel, as a number that two channels hardly share, and the names that they were made of. */
interface Entered {
  sum: number;
  names: Set<string>;
}

const numberOf = ({ sk, name }: Entry): number =>
  createHash('sha256').update(`${sk}\n${name}`).digest().readUIntBE(0, 4);

/** Channels that are entered anew at once: each takes seven round trips, and a namespace may hold a hundred thousand. */
const atOnce = 8;

const readEntered = async ({ directory }: Tables, namespace: string): Promise<Map<string, Entered>> => {
  const entered = new Map<string, Entered>();
  for (const query of allEntries(namespace))
    for await (const page of pages(directory, query))
      for (const entry of page.items as unknown as Entry[]) {
        const id = idOfEntry(entry.sk);
        const { sum, names } = entered.get(id) ?? { sum: 0, names: new Set() };
        entered.set(id, { sum: sum + numberOf(entry), names: names.add(entry.name) });
      }
  return entered;
};

/** Marks a channel as it is now, so that it is settled whatever the directory holds of it. */
const markAnew = (namespace: string, id: string, channel: Item | undefined, names: string[]): Write[] => {
  const target = channel && foldText(fromItem(channel).name);
  return [
    {
      ConditionCheck: {
        Key: keys.channel(namespace, id),
        ...(channel
          ? {
              ConditionExpression: '#v = :v',
              ExpressionAttributeNames: { '#v': '__v' },
              ExpressionAttributeValues: { ':v': channel.__v },
            }
          : { ConditionExpression: 'attribute_not_exists(pk)' }),
      },
    },
    {
      Update: markUpdate(namespace, {
        id,
        token: randomUUID(),
        ...(target !== undefined && { target }),
        counted: channel !== undefined,
        names,
        now: Date.now(),
      }),
    },
  ];
};

const enterAnew = async (tables: Tables, namespace: string, id: string, names: string[]): Promise<void> => {
  const { channels } = tables;
  for await (const _ of attempts(channels.signal)) {
    const channel = await channels.get(keys.channel(namespace, id));
    try {
      await channels.transact(() => markAnew(namespace, id, channel, names));
      return await settle(tables, namespace, [id]);
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
    }
  }
  throw new ApiError('conflict', `The channel "${id}" changed with every try: try again later.`);
};

const recountBlocks = async (tables: Tables, namespace: string): Promise<number> => {
  let recounted = 0;
  let left = everyId;
  while (!isEmpty(left)) {
    if ((await recount(tables, namespace, left.first)) || (await removeEmpty(tables, namespace, left.first)))
      recounted++;
    // What the last of the blocks made now has too many of is divided in its turn.
    left = above((await readBlock(tables, namespace, left.first)).last, everyId);
  }
  return recounted;
};

const enterMissing = async (tables: Tables, namespace: string): Promise<number> => {
  const entered = await readEntered(tables, namespace);
  const wrong: [id: string, names: Set<string>][] = [];
  const query = channelsIn(namespace, everyId);
  for await (const page of pages(tables.channels, query))
    for (const { _id, name } of page.items.map(fromItem)) {
      const { sum, names } = entered.get(_id) ?? { sum: 0, names: new Set<string>() };
      const wanted = entriesOf(namespace, _id, foldText(name));
      if (sum !== wanted.reduce((all, entry) => all + numberOf(entry), 0)) wrong.push([_id, names]);
      entered.delete(_id);
    }
  for (const [id, { names }] of entered) wrong.push([id, names]);
  for (let start = 0; start < wrong.length; start += atOnce)
    await Promise.all(
      wrong.slice(start, start + atOnce).map(([id, names]) => enterAnew(tables, namespace, id, [...names])),
    );
  return wrong.length;
};

/**
 * Makes all that is derived from a namespace's channels right, in steps that don't need each other: each reads the whole
 * namespace, and makes one kind right. Others may read and write meanwhile; what was right stays so at every moment.
 * Rejects with ApiError `conflict` where others wrote with every try; what was done by then is right, and stays.
 */
export const reindexing = {
  /** How many channels the indexes did not find where they ought to. */
  keys: ({ channels }: Tables, namespace: string) => resetIndexKeys(channels, namespace),
  /** How many blocks were counted anew, because they were wrong or too large. */
  blocks: recountBlocks,
  /** How many channels were entered anew. */
  channels: enterMissing,
  /** What the totals said, and say now. Given up where others create and delete all the time. */
  totals: ({ channels }: Tables, namespace: string) => recountTotals(channels, namespace),
};
