import type { Caller } from '../../lib/auth/authenticate.ts';
import type { ChannelPatch, CreateChannelInput } from '../../lib/channels/body-schema.ts';
import { allIds } from '../../lib/channels/id-range.ts';
import { createChannel, deleteChannel, updateChannel } from '../../lib/channels/store.ts';
import { pages } from '../../lib/dynamodb/pages.ts';
import { type Query, type QueryPage, Table } from '../../lib/dynamodb/table.ts';
import { applyPending } from '../../lib/projections/apply/apply-pending.ts';
import type { ChannelTables } from '../../lib/projections/open-tables.ts';
import { bucketsStartingIn } from '../../lib/projections/rank-index/count-bucket.ts';
import { readBucketCounts } from '../../lib/projections/rank-index/read-bucket-counts.ts';
import { readPendingChanges } from '../../lib/projections/read-pending-changes.ts';
import { findByTerms } from '../../lib/projections/search-index/find-by-terms.ts';
import { allSuffixEntries, suffixEntries } from '../../lib/projections/search-index/suffix-entries.ts';
import { reindexing } from '../../lib/reindex/reindex.ts';
import { foldTerms, foldText } from '../../lib/text/fold.ts';

export const idsOf = (found: { id: string }[]) => found.map(({ id }) => id).sort();

let count = 0;

/** A namespace that no other test uses, with functions that write channels, apply pending changes and read projections. */
export const newNamespace = (tables: ChannelTables) => {
  const namespace = `ns${++count}`;
  const other = `${namespace}-other`;
  const caller: Caller = { keyId: 'k', namespace, namespaces: [namespace, other] };
  const { channels } = tables;
  return {
    namespace,
    /** A second namespace, to share channels with. */
    other,
    create: async (input: CreateChannelInput) =>
      (await createChannel(channels, caller, input, undefined)).document._id,
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
  channels: await reindexing.channels(tables, namespace),
  buckets: await reindexing.buckets(tables, namespace),
  totals: await reindexing.totals(tables, namespace),
});

const readAll = async (table: Table, query: Query) => {
  const items: Record<string, unknown>[] = [];
  for await (const page of pages(table, query)) items.push(...page.items);
  return items;
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

/** The suffix entries that channels must have, from their names by id. They are sorted as `readProjections` does. */
export const expectedEntries = (namespace: string, names: Record<string, string>) =>
  Object.entries(names)
    .flatMap(([id, name]) => suffixEntries(namespace, id, foldText(name)))
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
