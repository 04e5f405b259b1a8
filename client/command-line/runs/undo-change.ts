import type { Channel } from '../../types.ts';
import { isSame } from '../is-same.ts';
import { changedFields, type FieldChange } from '../output/describe-changes.ts';
import type { Outcome } from './journal.ts';
import { type Connection, findChannel, versionsAfter } from './own-version.ts';
import { refusal } from './refusal.ts';

/** A deleted channel can be restored for so long. */
const maxAgeMs = 90 * 24 * 60 * 60 * 1000;

/** What a run did to a channel. */
export interface Change {
  result: Outcome['result'];
  _id: string;
  /** The version that the run made. */
  version: number;
  key: string | undefined;
  /** The channel before the run. Absent if the run created it. */
  before: Channel | undefined;
  at: string;
}

/** What an undo does with a channel. */
export interface Verdict {
  /** What is done to put it back. `unchanged`: it is as before the run already. */
  result: 'deleted' | 'updated' | 'restored' | 'unchanged' | 'skipped';
  /** What changes in each field. */
  changes?: FieldChange[];
  /** Why it is skipped. */
  reason?: string;
}

const unchanged: Verdict = { result: 'unchanged' };
const skipped = (reason: string): Verdict => ({ result: 'skipped', reason });

const changedSince = skipped('It has changed since the run.');
const deletedSince = skipped('It was deleted since the run.');

/** The fields that a client sets. An absent one is removed by null. */
const contentOf = ({ name, local_name, disabled, integration_meta, company_namespace }: Channel) => ({
  name,
  local_name: local_name ?? null,
  disabled,
  integration_meta: integration_meta ?? null,
  company_namespace,
});

const isAsBefore = (current: Channel, { before }: Change) =>
  before !== undefined && isSame(contentOf(current), contentOf(before));

interface Undo {
  /** Reads the channel, and says what is to be done with it. */
  judge(connection: Connection, change: Change): Promise<Verdict>;
  /** Does it, if the channel has not changed since. @returns why it was not done */
  putBack(connection: Connection, change: Change): Promise<Verdict | undefined>;
}

const undoCreation: Undo = {
  async judge(connection, { _id, version }) {
    const current = await findChannel(connection, _id);
    if (!current) return unchanged;
    if (current.__v !== version) return changedSince;
    return { result: 'deleted', changes: changedFields(current, undefined) };
  },
  async putBack({ client, signal }, { _id, version }) {
    const error = await client
      .delete(_id, { ifMatch: { __v: version }, signal })
      .then(() => undefined, refusal);
    if (!error) return undefined;
    if (error.status === 404) return unchanged;
    return error.status === 412 ? changedSince : skipped(error.message);
  },
};

const undoUpdate: Undo = {
  async judge(connection, change) {
    const { _id, version, before } = change;
    // Another writer was between the dry run and the write, also with another channel, so what was there just before is not known.
    if (before?._id !== _id || version !== before.__v + 1)
      return skipped('Somebody else changed it at the same time as the run.');
    const current = await findChannel(connection, _id);
    if (!current) return deletedSince;
    if (isAsBefore(current, change)) return unchanged;
    if (current.__v !== version) return changedSince;
    return { result: 'updated', changes: changedFields(current, before) };
  },
  async putBack(connection, change) {
    const { _id, version, before } = change;
    const error = await connection.client
      .update(_id, contentOf(before as Channel), { ifMatch: { __v: version }, signal: connection.signal })
      .then(() => undefined, refusal);
    if (!error) return undefined;
    if (error.status === 404) return deletedSince;
    if (error.status !== 412) return skipped(error.message);
    const current = await findChannel(connection, _id);
    if (!current) return deletedSince;
    // The answer to an earlier attempt may have been lost.
    return isAsBefore(current, change) ? undefined : changedSince;
  },
};

const undoDeletion: Undo = {
  async judge(connection, { _id, version, before }) {
    const current = await findChannel(connection, _id);
    if (current) return current.__v === version + 1 ? unchanged : changedSince;
    const [newest] = await versionsAfter(connection, _id, version - 1);
    if (newest?.version !== version) return deletedSince;
    return { result: 'restored', changes: changedFields(undefined, before) };
  },
  async putBack({ client, signal }, { _id }) {
    const error = await client.restore(_id, { signal }).then(() => undefined, refusal);
    return error && skipped(error.message);
  },
};

const undoBy: Partial<Record<Outcome['result'], Undo>> = {
  created: undoCreation,
  updated: undoUpdate,
  deleted: undoDeletion,
};

/** Puts back what a run did to a channel. A dry run only says what would be done. */
export const undoChange = async (
  connection: Connection,
  change: Change,
  { dryRun }: { dryRun: boolean },
): Promise<Verdict> => {
  if (Date.now() - Date.parse(change.at) > maxAgeMs)
    return skipped('The run changed it more than 90 days ago.');
  const { judge, putBack } = undoBy[change.result] as Undo;
  const verdict = await judge(connection, change);
  if (dryRun || !verdict.changes) return verdict;
  return (await putBack(connection, change)) ?? verdict;
};
