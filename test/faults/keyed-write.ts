import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import type { Reply } from '../support/service.ts';

/**
 * What an answer says of one write of one key:
 * - `created`, `updated`, `unchanged`: the channel is in this version;
 * - `deleted`: this is the version of the deletion, and `document` is the channel as it last was;
 * - `absent`: no channel carried the key;
 * - `refused`: nothing was done;
 * - `ambiguous`: nothing was done, because several channels carried the key;
 * - `unknown`: the write may have been done.
 */
type Claim =
  | {
      kind: 'created' | 'updated' | 'unchanged' | 'deleted';
      id: string;
      version: number;
      document: ChannelDocument;
      /** The fields that an updated row says it has changed. */
      changed?: string[];
    }
  | { kind: 'absent' | 'refused' | 'ambiguous' | 'unknown' };

/** One write of one key, as its client saw it. */
export interface KeyedWrite {
  /** Where the request acted. */
  namespace: string;
  /** The namespaces of its API key. */
  held: string[];
  key: string;
  by: 'upsert' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** The id in the path. A row of an upsert has none: it finds a channel by the key. */
  target?: string;
  isDeletion: boolean;
  /** The key that the channel gets, in place of this one or beside it. */
  newKey?: string;
  /** The namespaces that the channel gets. */
  newNamespaces?: string[] | undefined;
  /** The source of the channels that the upsert may touch. Without it, it may touch all. */
  where?: string | undefined;
  /** A key that the write adds to the metadata of the channel, and that no other write adds. */
  mark: string | undefined;
  /** Whether the write removes all other metadata of the channel. */
  replacesMeta?: boolean;
  /** Numbers of one counter: whatever ended before another write started has a smaller number. */
  start: number;
  end: number;
  claim: Claim;
}

/** The claim of a row of an upsert. A dry run writes nothing. */
// biome-ignore lint/suspicious/noExplicitAny: the response of the service
export const claimOfRow = (row: any, isDryRun: boolean): Claim => {
  const { result, _id: id, __v: version, channel: document, changed, code } = row;
  if (isDryRun && (result === 'updated' || result === 'deleted')) return { kind: 'refused' };
  if (result !== 'failed') return id ? { kind: result, id, version, document, changed } : { kind: 'absent' };
  if (code === 'unavailable') return { kind: 'unknown' };
  if (code === 'ambiguous_match') return { kind: 'ambiguous' };
  return { kind: code === 'invalid_request' ? 'absent' : 'refused' };
};

/** The claim of an answer to any other write, and of an upsert that failed as a whole. */
export const claimOfReply = ({ status, body }: Reply, isDeletion: boolean): Claim => {
  if (status === 503) return { kind: 'unknown' };
  if (status > 299) return { kind: 'refused' };
  const document: ChannelDocument = body.data;
  const { _id: id, __v: version } = document;
  if (isDeletion) return { kind: 'deleted', id, version: version + 1, document };
  return { kind: status === 201 ? 'created' : 'updated', id, version, document };
};
