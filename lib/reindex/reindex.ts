import { createHash, randomUUID } from 'node:crypto';
import { above, allIds, isEmpty } from '../channels/id-range.ts';
import { fromItem } from '../channels/items.ts';
import { channelsIn, keys } from '../channels/keys.ts';
import { pendingChangeUpdate } from '../channels/pending-change.ts';
import { searchableText } from '../channels/searchable-text.ts';
import { TransactionConditionFailed, WriteContention } from '../dynamodb/failures.ts';
import type { Item } from '../dynamodb/item.ts';
import { pages } from '../dynamodb/pages.ts';
import { again, retry } from '../dynamodb/retry.ts';
import type { Write } from '../dynamodb/table.ts';
import { applyPending } from '../projections/apply/apply-pending.ts';
import type { ChannelTables } from '../projections/open-tables.ts';
import { readBucket, removeEmptyBucket, removeOnlyBucket } from '../projections/rank-index/bucket-store.ts';
import { recountBucket } from '../projections/rank-index/recount-buckets.ts';
import { readPendingChanges } from '../projections/read-pending-changes.ts';
import {
  allSuffixEntries,
  idOfEntry,
  type SuffixEntry,
  suffixEntries,
} from '../projections/search-index/suffix-entries.ts';
import { rebuildExternalKeys } from './rebuild-external-keys.ts';
import { recountTotals } from './recount-totals.ts';
import { resetIndexKeys } from './reset-index-keys.ts';

/** The stored suffix entries of one channel, with those that its pending change adds. */
interface StoredEntries {
  /** A checksum of the entries that are stored. */
  sum: number;
  /** The searchable texts that they were made of. */
  texts: Set<string>;
  /** Whether a pending change removes all of them, because the channel was deleted. */
  willBeRemoved: boolean;
}

const noEntries = (): StoredEntries => ({ sum: 0, texts: new Set(), willBeRemoved: false });

/** The part of one entry in the checksum. Two channels hardly ever have the same sum. */
const checksumOf = ({ sk, name }: SuffixEntry): number =>
  createHash('sha256').update(`${sk}\n${name}`).digest().readUIntBE(0, 4);

/**
 * The maximum number of channels that are re-indexed concurrently. Each takes seven round trips, and a namespace may
 * hold 100,000.
 */
const concurrency = 8;

/**
 * Reads the suffix entries of all channels of a namespace. Reads the pending changes first: each may be applied at any
 * moment from then on. If an earlier version has written it, its target text can follow another rule, and nothing else
 * would tell which entries it adds. A backup can contain one that contradicts its channel, because it can contain a part of a
 * transaction.
 */
const readStoredEntries = async (
  { channels, projections }: ChannelTables,
  namespace: string,
): Promise<Map<string, StoredEntries>> => {
  const stored = new Map<string, StoredEntries>();
  for (const { id, targetText } of await readPendingChanges(channels, namespace, allIds, pages))
    stored.set(id, {
      sum: 0,
      texts: new Set(targetText === undefined ? [] : [targetText]),
      willBeRemoved: targetText === undefined,
    });
  for (const query of allSuffixEntries(namespace))
    for await (const page of pages(projections, query))
      for (const entry of page.items as unknown as SuffixEntry[]) {
        const id = idOfEntry(entry.sk);
        const entries = stored.get(id) ?? noEntries();
        entries.sum += checksumOf(entry);
        entries.texts.add(entry.name);
        stored.set(id, entries);
      }
  return stored;
};

/** The writes of a pending change that re-indexes a channel, on the condition that the channel is still as it was read. */
const reindexWrites = (
  namespace: string,
  id: string,
  channel: Item | undefined,
  texts: string[],
): Write[] => {
  const targetText = channel && searchableText(fromItem(channel));
  const channelUnchanged = channel
    ? {
        ConditionExpression: '#v = :v',
        ExpressionAttributeNames: { '#v': '__v' },
        ExpressionAttributeValues: { ':v': channel.__v },
      }
    : { ConditionExpression: 'attribute_not_exists(pk)' };
  return [
    { ConditionCheck: { Key: keys.channel(namespace, id), ...channelUnchanged } },
    {
      Update: pendingChangeUpdate(namespace, {
        id,
        token: randomUUID(),
        ...(targetText !== undefined && { targetText }),
        isCounted: channel !== undefined,
        texts,
        now: Date.now(),
      }),
    },
  ];
};

const reindexChannel = async (
  tables: ChannelTables,
  namespace: string,
  id: string,
  texts: string[],
): Promise<void> => {
  const { channels } = tables;
  const attempt = async (): Promise<undefined | typeof again> => {
    const channel = await channels.get(keys.channel(namespace, id));
    try {
      await channels.transact(() => reindexWrites(namespace, id, channel, texts));
      await applyPending(tables, namespace, [id]);
      return undefined;
    } catch (error) {
      if (!(error instanceof TransactionConditionFailed)) throw error;
      return again;
    }
  };
  const exhausted = () => {
    throw new WriteContention(`The channel "${id}" changed during every attempt: try again later`);
  };
  await retry(attempt, { signal: channels.signal, exhausted });
};

const recountBuckets = async (tables: ChannelTables, namespace: string): Promise<number> => {
  let recounted = 0;
  let remaining = allIds;
  while (!isEmpty(remaining)) {
    const isChanged =
      (await recountBucket(tables, namespace, remaining.first)) ||
      (await removeEmptyBucket(tables, namespace, remaining.first));
    if (isChanged) recounted++;
    // If the last of the new buckets holds too many channels, it is divided next.
    remaining = above((await readBucket(tables, namespace, remaining.first)).last, allIds);
  }
  await removeOnlyBucket(tables, namespace);
  return recounted;
};

const reindexSuffixEntries = async (tables: ChannelTables, namespace: string): Promise<number> => {
  const stored = await readStoredEntries(tables, namespace);
  const wrong: [id: string, texts: Set<string>][] = [];
  const query = channelsIn(namespace, allIds);
  for await (const page of pages(tables.channels, query))
    for (const channel of page.items.map(fromItem)) {
      const { _id } = channel;
      const { sum, texts, willBeRemoved } = stored.get(_id) ?? noEntries();
      const wanted = suffixEntries(namespace, _id, searchableText(channel));
      const isComplete = sum === wanted.reduce((all, entry) => all + checksumOf(entry), 0);
      if (!isComplete || texts.size > 1 || willBeRemoved) wrong.push([_id, texts]);
      stored.delete(_id);
    }
  // The remaining suffix entries and pending changes belong to channels that no longer exist.
  for (const [id, { texts }] of stored) wrong.push([id, texts]);
  for (let start = 0; start < wrong.length; start += concurrency)
    await Promise.all(
      wrong
        .slice(start, start + concurrency)
        .map(([id, texts]) => reindexChannel(tables, namespace, id, [...texts])),
    );
  return wrong.length;
};

/**
 * The steps that repair everything that is derived from the channels of a namespace. No step needs another one, but in
 * this order nothing stays of a namespace that has lost its channels. Each step reads the whole namespace and repairs one
 * kind of item. Others may read and write meanwhile: correct items stay correct at every moment. A step throws
 * WriteContention if others wrote during every attempt. The repairs it has made by then stay.
 */
export const reindexing = {
  /** @returns the number of channels with missing or wrong index keys */
  keys: ({ channels }: ChannelTables, namespace: string) => resetIndexKeys(channels, namespace),
  /** @returns the number of external keys that were wrong. It gives up if others change the same key all the time. */
  externalKeys: ({ channels }: ChannelTables, namespace: string) => rebuildExternalKeys(channels, namespace),
  /** @returns the number of channels with missing or wrong suffix entries */
  channels: reindexSuffixEntries,
  /** @returns the number of buckets that were wrong or too large. It removes the only bucket if that counts nothing. */
  buckets: recountBuckets,
  /** @returns the totals before and after. It gives up if others create and delete channels all the time. */
  totals: ({ channels }: ChannelTables, namespace: string) => recountTotals(channels, namespace),
};
