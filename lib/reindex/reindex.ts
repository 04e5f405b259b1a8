import { createHash, randomUUID } from 'node:crypto';
import { above, allIds, isEmpty } from '../channels/id-range.ts';
import { fromItem } from '../channels/items.ts';
import { channelsIn, keys } from '../channels/keys.ts';
import { pendingChangeUpdate } from '../channels/pending-change.ts';
import { readBucket, removeEmptyBucket } from '../projections/rank-index/bucket-store.ts';
import { allSuffixEntries, type SuffixEntry, suffixEntries, idOfEntry } from '../projections/search-index/suffix-entries.ts';
import { recountBucket } from '../projections/rank-index/recount-buckets.ts';
import { applyPending } from '../projections/apply/apply-pending.ts';
import type { ChannelTables } from '../projections/channel-tables.ts';
import { attempts } from '../dynamodb/retry.ts';
import { TransactionConditionFailed } from '../dynamodb/failures.ts';
import type { Item } from '../dynamodb/item.ts';
import { pages } from '../dynamodb/pages.ts';
import type { Write } from '../dynamodb/table.ts';
import { ApiError } from '../errors.ts';
import { foldText } from '../text/fold.ts';
import { recountTotals } from './recount-totals.ts';
import { resetIndexKeys } from './reset-index-keys.ts';

/** All entries of one channel, as a number that two channels hardly share, and the names that they were made of. */
interface IndexedEntries {
  sum: number;
  names: Set<string>;
}

const numberOf = ({ sk, name }: SuffixEntry): number =>
  createHash('sha256').update(`${sk}\n${name}`).digest().readUIntBE(0, 4);

/** Channels that are entered anew at once: each takes seven round trips, and a namespace may hold a hundred thousand. */
const concurrency = 8;

const readIndexedEntries = async ({ projections: directory }: ChannelTables, namespace: string): Promise<Map<string, IndexedEntries>> => {
  const indexed = new Map<string, IndexedEntries>();
  for (const query of allSuffixEntries(namespace))
    for await (const page of pages(directory, query))
      for (const entry of page.items as unknown as SuffixEntry[]) {
        const id = idOfEntry(entry.sk);
        const { sum, names } = indexed.get(id) ?? { sum: 0, names: new Set() };
        indexed.set(id, { sum: sum + numberOf(entry), names: names.add(entry.name) });
      }
  return indexed;
};

/** Marks a channel as it is now, so that it is settled whatever the directory holds of it. */
const pendingChangeWrites = (namespace: string, id: string, channel: Item | undefined, names: string[]): Write[] => {
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
      Update: pendingChangeUpdate(namespace, {
        id,
        token: randomUUID(),
        ...(target !== undefined && { targetName: target }),
        isCounted: channel !== undefined,
        names,
        now: Date.now(),
      }),
    },
  ];
};

const indexAgain = async (tables: ChannelTables, namespace: string, id: string, names: string[]): Promise<void> => {
  const { channels } = tables;
  for await (const _ of attempts(channels.signal)) {
    const channel = await channels.get(keys.channel(namespace, id));
    try {
      await channels.transact(() => pendingChangeWrites(namespace, id, channel, names));
      return await applyPending(tables, namespace, [id]);
    } catch (error) {
      if (!(error instanceof TransactionConditionFailed)) throw error;
    }
  }
  throw new ApiError('conflict', `The channel "${id}" changed with every try: try again later.`);
};

const recountBuckets = async (tables: ChannelTables, namespace: string): Promise<number> => {
  let recounted = 0;
  let remaining = allIds;
  while (!isEmpty(remaining)) {
    if ((await recountBucket(tables, namespace, remaining.first)) || (await removeEmptyBucket(tables, namespace, remaining.first)))
      recounted++;
    // What the last of the blocks made now has too many of is divided in its turn.
    remaining = above((await readBucket(tables, namespace, remaining.first)).last, allIds);
  }
  return recounted;
};

const indexMissing = async (tables: ChannelTables, namespace: string): Promise<number> => {
  const indexed = await readIndexedEntries(tables, namespace);
  const wrong: [id: string, names: Set<string>][] = [];
  const query = channelsIn(namespace, allIds);
  for await (const page of pages(tables.channels, query))
    for (const { _id, name } of page.items.map(fromItem)) {
      const { sum, names } = indexed.get(_id) ?? { sum: 0, names: new Set<string>() };
      const wanted = suffixEntries(namespace, _id, foldText(name));
      if (sum !== wanted.reduce((all, entry) => all + numberOf(entry), 0)) wrong.push([_id, names]);
      indexed.delete(_id);
    }
  for (const [id, { names }] of indexed) wrong.push([id, names]);
  for (let start = 0; start < wrong.length; start += concurrency)
    await Promise.all(
      wrong.slice(start, start + concurrency).map(([id, names]) => indexAgain(tables, namespace, id, [...names])),
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
  keys: ({ channels }: ChannelTables, namespace: string) => resetIndexKeys(channels, namespace),
  /** How many blocks were counted anew, because they were wrong or too large. */
  buckets: recountBuckets,
  /** How many channels were entered anew. */
  channels: indexMissing,
  /** What the totals said, and say now. Given up where others create and delete all the time. */
  totals: ({ channels }: ChannelTables, namespace: string) => recountTotals(channels, namespace),
};
