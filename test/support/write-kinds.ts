import type { Caller } from '../../lib/auth/authenticate.ts';
import type { ChannelPatch, PatchOf } from '../../lib/channels/body-schema.ts';
import { toDocument } from '../../lib/channels/channel.ts';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { allIds } from '../../lib/channels/id-range.ts';
import { fromItem } from '../../lib/channels/items.ts';
import { channelsIn } from '../../lib/channels/keys.ts';
import { mergeIntoMeta } from '../../lib/channels/merge-patch.ts';
import { restoreChannel } from '../../lib/channels/restore-channel.ts';
import { createChannel, deleteChannel, updateChannel } from '../../lib/channels/store.ts';
import type { Table } from '../../lib/dynamodb/table.ts';
import { type RowResult, upsertChannels } from '../../lib/upsert/upsert-channels.ts';
import type { UpsertRequest } from '../../lib/upsert/upsert-request.ts';

/** What a write has left behind: how often it was done, and the channel that its answer must show if it was done once. */
interface WriteEffect {
  timesDone: number;
  answer: ChannelDocument | undefined;
}

interface PreparedWrite {
  /** Makes the write through a table, whose calls may fail. Returns the channel in the answer. */
  run: (table: Table) => Promise<ChannelDocument>;
  /** Reads what the write has left behind. */
  effect: () => Promise<WriteEffect>;
}

/** One kind of write, as it runs alone in a namespace of its own. */
export interface WriteKind {
  /** Which of its calls writes. The ones before it read. */
  writingCall: number;
  /** Creates the channel that the write needs. */
  prepare: (table: Table, namespace: string) => Promise<PreparedWrite>;
}

/** The second namespace of shared channels. */
export const otherNamespace = (namespace: string): string => `${namespace}-other`;

/** The metadata that every channel gets: both external ids. */
const integration_meta = '{"external_id":"x","id":1}';
/** Other metadata with the same external ids. */
const otherMetadata = '{"external_id":"x","id":1,"is":"ours"}';

const callerIn = (namespace: string): Caller => ({
  keyId: 'key1',
  namespace,
  namespaces: [namespace, otherNamespace(namespace)],
});

const readChannels = async (table: Table, namespace: string) =>
  (await table.query(channelsIn(namespace, allIds))).items.map((item) => toDocument(fromItem(item)));

const creation = (idempotencyKey?: string): WriteKind => ({
  writingCall: 1,
  prepare: async (table, namespace) => {
    const company_namespace = callerIn(namespace).namespaces;
    const idempotency =
      idempotencyKey === undefined ? undefined : { keyHash: idempotencyKey, fingerprint: 'f' };
    return {
      run: async (failing) => {
        const input = { name: 'Retail', integration_meta, company_namespace };
        return (await createChannel(failing, callerIn(namespace), input, idempotency)).document;
      },
      effect: async () => {
        const channels = await readChannels(table, namespace);
        return { timesDone: channels.length, answer: channels[0] };
      },
    };
  },
});

/** A write of a channel that exists. @param shared whether the channel is in both namespaces */
const writeOfExisting = (
  writingCall: number,
  shared: boolean,
  write: (table: Table, caller: Caller, id: string) => Promise<ChannelDocument>,
  effectOn: (created: ChannelDocument, stored: ChannelDocument | undefined) => WriteEffect,
): WriteKind => ({
  writingCall,
  prepare: async (table, namespace) => {
    const caller = callerIn(namespace);
    const company_namespace = shared ? caller.namespaces : [namespace];
    const input = { name: 'Retail', integration_meta, company_namespace };
    const { document } = await createChannel(table, caller, input, undefined);
    return {
      run: (failing) => write(failing, caller, document._id),
      effect: async () => effectOn(document, (await readChannels(table, namespace))[0]),
    };
  },
});

/** @param etag whether the update has the precondition that nobody has written since the creation */
const update = (
  writingCall: number,
  shared: boolean,
  patchOf: (caller: Caller) => ChannelPatch | PatchOf,
  etag: boolean,
): WriteKind =>
  writeOfExisting(
    writingCall,
    shared,
    async (table, caller, id) =>
      toDocument(
        await updateChannel(table, caller, id, patchOf(caller), etag ? { versions: [0] } : undefined),
      ),
    (_created, stored) => ({ timesDone: stored?.__v ?? 0, answer: stored }),
  );

const deletion = (etag: boolean): WriteKind =>
  writeOfExisting(
    2,
    true,
    async (table, caller, id) =>
      toDocument(await deleteChannel(table, caller, id, etag ? { versions: [0] } : undefined)),
    (created, stored) => ({ timesDone: stored ? 0 : 1, answer: created }),
  );

/** A restore of a channel that was deleted from both namespaces. */
const restore: WriteKind = {
  writingCall: 2,
  prepare: async (table, namespace) => {
    const caller = callerIn(namespace);
    const input = { name: 'Retail', integration_meta, company_namespace: caller.namespaces };
    const { document } = await createChannel(table, caller, input, undefined);
    await deleteChannel(table, caller, document._id, undefined);
    return {
      run: async (failing) => toDocument(await restoreChannel(failing, caller, document._id)),
      effect: async () => {
        const [stored] = await readChannels(table, namespace);
        return { timesDone: stored ? stored.__v - document.__v - 1 : 0, answer: stored };
      },
    };
  },
};

/** Upserts one row. @throws the error of the row */
const upsertOne = async (table: Table, caller: Caller, row: object): Promise<ChannelDocument> => {
  const request: UpsertRequest = { match: 'external_id', rows: [row], dryRun: false, where: undefined };
  const [result] = (await upsertChannels(table, caller, request)) as [RowResult];
  if (result.result === 'failed') throw result.error;
  return result.channel as ChannelDocument;
};

const upsertThatCreates: WriteKind = {
  writingCall: 2,
  prepare: async (table, namespace) => {
    const caller = callerIn(namespace);
    const row = {
      name: 'Retail',
      integration_meta: JSON.parse(integration_meta),
      company_namespace: caller.namespaces,
    };
    return {
      run: (failing) => upsertOne(failing, caller, row),
      effect: async () => {
        const channels = await readChannels(table, namespace);
        return { timesDone: channels.length, answer: channels[0] };
      },
    };
  },
};

const upsertThatChanges = (shared: boolean, fields: object): WriteKind =>
  writeOfExisting(
    3,
    shared,
    (table, caller) => upsertOne(table, caller, { ...fields, integration_meta: { external_id: 'x', at: 1 } }),
    (_created, stored) => ({ timesDone: stored?.__v ?? 0, answer: stored }),
  );

const deletionByKey: WriteKind = writeOfExisting(
  3,
  true,
  (table, caller) => upsertOne(table, caller, { delete: true, integration_meta: { external_id: 'x' } }),
  (created, stored) => ({ timesDone: stored ? 0 : 1, answer: created }),
);

/** Every kind of write that the service makes. */
export const writeKinds = {
  create: creation(),
  'create under a key': creation('key'),
  'update in place': update(1, false, () => ({ integration_meta: otherMetadata }), false),
  'update in place under an ETag': update(1, false, () => ({ integration_meta: otherMetadata }), true),
  'other external ids': update(2, true, () => ({ integration_meta: '{"external_id":"y"}' }), false),
  'merge of metadata': update(2, false, () => mergeIntoMeta({}, { a: 1 }), false),
  rename: update(2, true, () => ({ name: 'New' }), false),
  'change of the local name': update(2, true, () => ({ local_name: 'New' }), false),
  'rename under an ETag': update(2, true, () => ({ name: 'New' }), true),
  toggle: update(2, true, () => ({ disabled: true }), false),
  share: update(2, false, ({ namespaces }) => ({ company_namespace: namespaces }), false),
  unshare: update(2, true, ({ namespace }) => ({ company_namespace: [namespace] }), false),
  delete: deletion(false),
  'delete under an ETag': deletion(true),
  restore,
  'upsert that creates': upsertThatCreates,
  'upsert in place': upsertThatChanges(false, {}),
  'upsert that renames': upsertThatChanges(true, { name: 'New' }),
  'deletion by key': deletionByKey,
} satisfies Record<string, WriteKind>;
