import type { ChannelDocument } from '../../lib/channels/document-schema.ts';

/** The fields that clients choose. An update sends some of them; `null` removes one. */
export interface Fields {
  name: string;
  local_name?: string | null;
  disabled?: boolean;
  integration_meta?: Record<string, unknown> | null;
  company_namespace?: string[];
}

/** The versions that `If-Match` names. `any` stands for `*`. */
export type IfMatch = number[] | 'any' | undefined;

/**
 * What a client asked for. A list and a search are, for each channel, a read. A list by external id shows the channel only
 * while it has this id.
 */
export type Action =
  | { kind: 'create'; fields: Fields }
  | { kind: 'read'; externalId?: string }
  | { kind: 'update'; patch: Partial<Fields>; ifMatch: IfMatch }
  | { kind: 'delete'; ifMatch: IfMatch }
  | { kind: 'restore' };

/**
 * What the answer says:
 * - `document`: the operation was done, and this is its result;
 * - `absent` (404, or missing in a list) and `stale` (412): there was no such channel, or no such version;
 * - `refused` (409, 429): nothing was done;
 * - `unknown` (503, or no answer): the operation was done at some time after its start, or it was not done.
 */
export type Outcome = { document: ChannelDocument } | 'absent' | 'stale' | 'refused' | 'unknown';

/** One operation on one channel, as the client saw it. */
export interface Operation {
  /** The namespace in which the request acted. */
  namespace: string;
  action: Action;
  /** Numbers of one counter: whatever ended before another operation started has a smaller number. */
  start: number;
  end: number;
  outcome: Outcome;
}
