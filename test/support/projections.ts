import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Caller } from '../../lib/auth/authenticate.ts';
import type { ChannelPatch, CreateChannelInput } from '../../lib/channels/body-schema.ts';
import type { Channel } from '../../lib/channels/channel.ts';
import { allIds } from '../../lib/channels/id-range.ts';
import { sumCounters, type Totals, toItem } from '../../lib/channels/items.ts';
import { keys } from '../../lib/channels/keys.ts';
import { planChannelWrites } from '../../lib/channels/plan-channel-writes.ts';
import { searchableText } from '../../lib/channels/searchable-text.ts';
import { createChannel, deleteChannel, updateChannel } from '../../lib/channels/store.ts';
import { pages } from '../../lib/dynamodb/pages.ts';
import { type Query, type QueryPage, Table } from '../../lib/dynamodb/table.ts';
import { mapConcurrently } from '../../lib/map-concurrently.ts';
import { applyPending } from '../../lib/projections/apply/apply-pending.ts';
import type { ChannelTables } from '../../lib/projections/open-tables.ts';
import { bucketsStartingIn } from '../../lib/projections/rank-index/count-bucket.ts';
import { readBucketCounts } from '../../lib/projections/rank-index/read-bucket-counts.ts';
import { readPendingChanges } from '../../lib/projections/read-pending-changes.ts';
import { findByTerms } from '../../lib/projections/search-index/find-by-terms.ts';
import { allSuffixEntries, suffixEntries } from '../../lib/projections/search-index/suffix-entries.ts';
import { reindexing } from '../../lib/reindex/reindex.ts';
import { foldTerms } from '../../lib/text/fold.ts';
import { channelOf } from './seed.ts';

export const idsOf = (found: { id: string }[]) => found.map(({ id }) => id).sort();

let count = 0;

/** A namespace that no other test uses, with functions that write channels, apply pending changes and read projections. */
export const newNamespace = (tables: ChannelTables) => {
  const namespace = `ns${++count}`;
  const other = `${namespace}-other`;
  const caller: Caller = { keyId: 'k', namespace, namespaces: [namespace, other] };
  const { channels, projections } = tables;
  return {
    namespace,
    /** A second namespace, to share channels with. */
    other,
    create: async (input: CreateChannelInput) =>
      (await createChannel(channels, caller, input, undefined)).document._id,
    /** Creates a channel with an id from 2023, as of an old channel that joins the namespace. Ids grow with the ordinal. */
    createWithOldId: async (ordinal: number, fields: Partial<Channel> = {}) => {
      const channel = channelOf(ordinal, { ...fields, company_namespace: [namespace] });
      const author = { now: 1_700_000_000_000, keyId: 'k' };
      await channels.transact(() => planChannelWrites(undefined, channel, author, 0));
      return channel._id;
    },
    /** Writes channels, all named "x", whose changes are applied. The buckets are for the test to write. */
    seedApplied: (ordinals: number[]) =>
      mapConcurrently(ordinals, 25, async (ordinal) => {
        const channel = channelOf(ordinal, { name: 'x', company_namespace: [namespace] });
        await channels.put({ Item: toItem(namespace, channel) });
        for (const Item of suffixEntries(namespace, channel._id, searchableText(channel)))
          await projections.put({ Item: { ...Item } });
      }),
    update: (id: string, patch: ChannelPatch) => updateChannel(channels, caller, id, patch, undefined),
    remove: (id: string) => deleteChannel(channels, caller, id, undefined),
    apply: (id: string) => applyPending(tables, namespace, [id]),
    applyAll: async () =>
      applyPending(tables, namespace, idsOf(await readPendingChanges(channels, namespace))),
    find: async (text: string) => idsOf(await findByTerms(tables, namespace, foldTerms(text))),
    total: async () =>
      (await readBucketCounts(tables, namespace, allIds)).reduce((sum, bucket) => sum + bucket.count, 0),
  };
};

/** Runs all steps of reindexing a namespace, one after the other. Returns the result of each step. */
export const reindex = async (tables: ChannelTables, namespace: string) => ({
  keys: await reindexing.keys(tables, namespace),
  externalKeys: await reindexing.externalKeys(tables, namespace),
  channels: await reindexing.channels(tables, namespace),
  buckets: await reindexing.buckets(tables, namespace),
  totals: await reindexing.totals(tables, namespace),
});

const readAll = async (table: Table, query: Query) => {
  const items: Record<string, unknown>[] = [];
  for await (const page of pages(table, query)) items.push(...page.items);
  return items;
};

/** The totals of a namespace, summed over the 8 shards of its counters. */
export const readTotals = async (channels: Table, namespace: string): Promise<Totals> => {
  const counters = Array.from({ length: 8 }, (_, shard) => channels.get(keys.counter(namespace, shard)));
  return sumCounters((await Promise.all(counters)).filter((item) => item !== undefined));
};

export const bySortKey = (one: { sk: string }, other: { sk: string }) =>
  Buffer.compare(Buffer.from(one.sk), Buffer.from(other.sk));

/** The pending changes and the projections of a namespace. Of each bucket: where it starts, and its count. */
export const readProjections = async ({ channels, projections }: ChannelTables, namespace: string) => {
  const entries = allSuffixEntries(namespace).map((query) => readAll(projections, query));
  const buckets = await readAll(projections, bucketsStartingIn(namespace, allIds));
  return {
    pendingChanges: await readPendingChanges(channels, namespace),
    suffixEntries: ((await Promise.all(entries)).flat() as { sk: string }[]).sort(bySortKey),
    buckets: buckets.map(({ sk, n }) => [sk, n]),
  };
};

/** The names of a channel. A text is the name of a channel without a local name. */
type Names = string | Pick<Channel, 'name' | 'local_name'>;

/** The suffix entries that channels must have, from their names by id. They are sorted as `readProjections` does. */
export const expectedEntries = (namespace: string, names: Record<string, Names>) =>
  Object.entries(names)
    .map(([id, each]) => ({ id, ...(typeof each === 'string' ? { name: each } : each) }))
    .flatMap(({ id, ...each }) => suffixEntries(namespace, id, searchableText(each)))
    .sort(bySortKey);

/**
 * The same table, with a hook behind each query.
 * @param hook gets each page that DynamoDB returned, and returns the page that the caller gets
 */
export const interceptQueries = (
  table: Table,
  hook: (page: QueryPage, query: Query) => Promise<QueryPage> | QueryPage,
): Table => {
  class InterceptedTable extends Table {
    override async query(query: Query) {
      return hook(await super.query(query), query);
    }
  }
  return new InterceptedTable(table.session, table.name);
};

/** A call to DynamoDB: its operation, such as `TransactWrite`, and its input. */
export interface Call {
  operation: string;
  // biome-ignore lint/suspicious/noExplicitAny: the inputs of all commands
  input: any;
}

/**
 * The same tables, with a hook around each call to DynamoDB, also around those that write both tables.
 * @param hook makes the call with `send`, at the time it wants, and returns the output that the caller gets
 */
export const interceptCalls = (
  { channels, projections }: ChannelTables,
  hook: (call: Call, send: () => Promise<unknown>) => Promise<unknown>,
): ChannelTables => {
  const { session } = channels;
  const send = (command: { input: unknown }, options: object) => {
    const operation = command.constructor.name.replace(/Command$/, '');
    return hook({ operation, input: command.input }, () => session.client.send(command as never, options));
  };
  const client = { send } as unknown as DynamoDBDocumentClient;
  const open = ({ name }: Table) => new Table({ ...session, client }, name);
  return { channels: open(channels), projections: open(projections) };
};

/**
 * The same tables. Before the first call of this operation that names a key with this prefix, `interruption` runs. If it
 * throws, the caller is as if it was killed.
 */
export const interruptBefore = (
  tables: ChannelTables,
  operation: string,
  keyPrefix: string,
  interruption: () => Promise<unknown>,
): ChannelTables => {
  let isInterrupted = false;
  return interceptCalls(tables, async (call, send) => {
    if (!isInterrupted && call.operation === operation && JSON.stringify(call.input).includes(keyPrefix)) {
      isInterrupted = true;
      await interruption();
    }
    return send();
  });
};

/** Applies pending changes, as if the projector was killed before its first call of this operation with this key prefix. */
export const applyUntilKilled = async (
  tables: ChannelTables,
  namespace: string,
  ids: string[],
  operation: string,
  keyPrefix: string,
): Promise<void> => {
  const killed = new Error('Killed');
  const killable = interruptBefore(tables, operation, keyPrefix, () => Promise.reject(killed));
  const outcome = await applyPending(killable, namespace, ids).catch((error) => error);
  if (outcome !== killed) throw new Error('The projector was not killed', { cause: outcome });
};

/** Searches with result pages of one suffix entry, and runs something between the pages. */
export const findPageByPage = async (
  tables: ChannelTables,
  namespace: string,
  text: string,
  between: (page: number) => Promise<unknown>,
): Promise<string[]> => {
  let pages = 0;
  const projections = interceptQueries(tables.projections, async (page, query) => {
    const isFirst = query.ExclusiveStartKey === undefined;
    if (!isFirst || page.items.length < 2) return page;
    await between(++pages);
    const [{ pk, sk } = {}] = page.items;
    return { ...page, items: page.items.slice(0, 1), lastKey: { pk, sk } as Record<string, string> };
  });
  return idsOf(await findByTerms({ channels: tables.channels, projections }, namespace, foldTerms(text)));
};
