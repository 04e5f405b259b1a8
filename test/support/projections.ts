import type { Caller } from '../../lib/auth/authenticate.ts';
import { allIds } from '../../lib/channels/id-range.ts';
import { readPendingChanges } from '../../lib/projections/pending-changes.ts';
import type { CreateChannelInput, ChannelPatch } from '../../lib/channels/body-schema.ts';
import { createChannel, deleteChannel, updateChannel } from '../../lib/channels/store.ts';
import { bucketsStartingIn } from '../../lib/projections/rank-index/count-bucket.ts';
import { readBucketCounts } from '../../lib/projections/rank-index/bucket-counts.ts';
import { allSuffixEntries, suffixEntries } from '../../lib/projections/search-index/suffix-entries.ts';
import { findByTerms } from '../../lib/projections/search-index/find-by-terms.ts';
import { applyPending } from '../../lib/projections/apply/apply-pending.ts';
import type { ChannelTables } from '../../lib/projections/channel-tables.ts';
import { connect } from '../../lib/dynamodb/client.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { pages } from '../../lib/dynamodb/pages.ts';
import { type Query, type QueryPage, Table } from '../../lib/dynamodb/table.ts';
import { reindexing } from '../../lib/reindex/reindex.ts';
import { foldText, foldTerms } from '../../lib/text/fold.ts';
import type { Service } from './service.ts';

export const idsOf = (found: { id: string }[]) => found.map(({ id }) => id).sort();

let count = 0;

/** A namespace of a test's own, with those who write and read there. */
export const newNamespace = (service: Service) => {
  const namespace = `ns${++count}`;
  const other = `${namespace}-other`;
  const caller: Caller = { keyId: 'k', namespace, namespaces: [namespace, other] };
  const { channels } = service;
  return {
    namespace,
    other,
    create: async (draft: CreateChannelInput) =>
      (await createChannel(channels, caller, draft, undefined)).document._id,
    update: (id: string, patch: ChannelPatch) => updateChannel(channels, caller, id, patch, undefined),
    remove: (id: string) => deleteChannel(channels, caller, id, undefined),
    apply: async (id: string) => applyPending(service, namespace, [id]),
    applyAll: async () => {
      await applyPending(service, namespace, idsOf(await readPendingChanges(channels, namespace)));
    },
    find: async (text: string) => idsOf(await findByTerms(service, namespace, foldTerms(text))),
    total: async () =>
      (await readBucketCounts(service, namespace, allIds)).reduce((sum, block) => sum + block.count, 0),
  };
};

/** All steps of reindexing a namespace, one after the other: what each found amiss. */
export const reindex = async (tables: ChannelTables, namespace: string) => ({
  keys: await reindexing.keys(tables, namespace),
  blocks: await reindexing.buckets(tables, namespace),
  channels: await reindexing.channels(tables, namespace),
  totals: await reindexing.totals(tables, namespace),
});

const readAll = async (table: Table, query: Query) => {
  const items: Record<string, unknown>[] = [];
  for await (const page of pages(table, query)) items.push(...page.items);
  return items;
};

/** What the directory of a namespace holds. */
export const readProjections = async (service: Service, namespace: string) => ({
  marks: await readPendingChanges(service.channels, namespace),
  entries: (await Promise.all(allSuffixEntries(namespace).map((query) => readAll(service.projections, query))))
    .flat()
    .sort((one, other) => bySortKey(one as { sk: string }, other as { sk: string })),
  blocks: (await readAll(service.projections, bucketsStartingIn(namespace, allIds))).map(({ sk, n }) => [
    sk,
    n,
  ]),
});

export const bySortKey = (one: { sk: string }, other: { sk: string }) =>
  Buffer.compare(Buffer.from(one.sk), Buffer.from(other.sk));

/** The entries that channels ought to have, by id and name, in the order of a query. */
export const expectedEntries = (namespace: string, names: Record<string, string>) =>
  Object.entries(names)
    .flatMap(([id, name]) => suffixEntries(namespace, id, foldText(name)))
    .sort(bySortKey);

/** The same table, of which every answer to a query passes through somebody's hands first. */
export const interceptQueries = (
  { name }: Table,
  pass: (page: QueryPage, query: Query) => Promise<QueryPage> | QueryPage,
): Table => {
  class Meddled extends Table {
    override async query(query: Query) {
      return pass(await super.query(query), query);
    }
  }
  return new Meddled({ client: connect(), meter: new Meter(), signal: AbortSignal.timeout(60_000) }, name);
};
