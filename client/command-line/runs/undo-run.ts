import { setTimeout as pause } from 'node:timers/promises';
import type { Channel, ChannelChange } from '../../types.ts';
import { chunks } from '../chunks.ts';
import { isSame } from '../is-same.ts';
import { isChange } from './apply-rows.ts';
import type { Outcome, Planned } from './journal.ts';
import { type Connection, findChannel, findOwnVersion, versionsAfter } from './own-version.ts';
import { refusal } from './refusal.ts';
import type { Run } from './run.ts';

/** Requests at a time. */
const concurrency = 8;
/** A deleted channel can be restored for so long. */
const maxAgeMs = 90 * 24 * 60 * 60 * 1000;
/** The service works on a request for at most so long, also if its sender was killed. */
const requestTimeoutMs = 30_000;

/** What a run did to a channel. */
interface Change {
  result: Outcome['result'];
  _id: string;
  /** The version that the run made. */
  version: number;
  key: string | undefined;
  /** The channel before the run. Absent if the run created it. */
  before: Channel | undefined;
  at: string;
}

/** What became of a channel. With a reason, it was skipped. */
export interface Undone {
  _id: string;
  key?: string;
  name?: string;
  result: 'undone' | 'skipped';
  reason?: string;
}

const toChange = ({ key, channel }: Planned, { result, _id, __v, at }: Outcome): Change => ({
  result,
  _id: _id as string,
  version: __v as number,
  key,
  before: channel,
  at,
});

/** Finds out whether a row was done that was sent and has no answer. */
const findChange = async (
  connection: Connection,
  planned: Planned,
  match: string,
): Promise<Change | undefined> => {
  const { client, signal } = connection;
  const { channel, key, result, index } = planned;
  if (!isChange(result)) return undefined;
  const byKey = async () => {
    const condition = { [match.slice('integration_meta.'.length)]: [key as string] };
    const { data } = await client.list({ integration_meta: condition }, { signal });
    return data.map(({ _id }) => _id);
  };
  for (const _id of channel ? [channel._id] : await byKey()) {
    const own = await findOwnVersion(connection, _id, channel?.__v ?? -1, result);
    if (own) return toChange(planned, { index, result, _id, __v: own.version, at: own.at });
  }
  return undefined;
};

/** The changes of a run. A change that the run had planned may have been made although the run has no answer. */
const changesOf = async (
  connection: Connection,
  { journal, record }: Run,
  waitMs: number,
): Promise<Change[]> => {
  const changes: Change[] = [];
  const unknown: Planned[] = [];
  for (const planned of journal.planned.values()) {
    const outcome = journal.outcomes.get(planned.index);
    if (!outcome) unknown.push(planned);
    else if (isChange(outcome.result)) changes.push(toChange(planned, outcome));
  }
  if (unknown.length) await pause(waitMs, undefined, { signal: connection.signal });
  for (const some of chunks(unknown, concurrency)) {
    const found = await Promise.all(some.map((planned) => findChange(connection, planned, record.match)));
    changes.push(...found.filter((change) => change !== undefined));
  }
  return changes;
};

/** The fields that a client sets. An absent one is removed by null. */
const contentOf = ({ name, local_name, disabled, integration_meta, company_namespace }: Channel) => ({
  name,
  local_name: local_name ?? null,
  disabled,
  integration_meta: integration_meta ?? null,
  company_namespace,
});

const changedSince = 'It has changed since the run.';
const deletedSince = 'It was deleted since the run.';

const undoCreation = async ({ client, signal }: Connection, { _id, version }: Change) => {
  const error = await client
    .delete(_id, { ifMatch: { __v: version }, signal })
    .then(() => undefined, refusal);
  if (!error || error.status === 404) return undefined;
  return error.status === 412 ? changedSince : error.message;
};

const undoUpdate = async (connection: Connection, { _id, version, before }: Change) => {
  // Another writer was between the dry run and the write, so what was there just before the write is not known.
  if (!before || version !== before.__v + 1) return 'Somebody else changed it at the same time as the run.';
  const content: ChannelChange = contentOf(before);
  const error = await connection.client
    .update(_id, content, { ifMatch: { __v: version }, signal: connection.signal })
    .then(() => undefined, refusal);
  if (!error) return undefined;
  if (error.status === 403) return error.message;
  const current = await findChannel(connection, _id);
  if (!current) return deletedSince;
  // An undo that was stopped may have put it back.
  return isSame(contentOf(current), content) ? undefined : changedSince;
};

const undoDeletion = async (connection: Connection, { _id, version }: Change) => {
  const current = await findChannel(connection, _id);
  if (current) return current.__v === version + 1 ? undefined : changedSince;
  const [newest] = await versionsAfter(connection, _id, version - 1);
  if (newest?.version !== version) return deletedSince;
  const error = await connection.client
    .restore(_id, { signal: connection.signal })
    .then(() => undefined, refusal);
  return error?.message;
};

const undoChange = async (connection: Connection, change: Change): Promise<Undone> => {
  const isTooOld = Date.now() - Date.parse(change.at) > maxAgeMs;
  const undoBy = { created: undoCreation, updated: undoUpdate, deleted: undoDeletion };
  const undo = undoBy[change.result as keyof typeof undoBy];
  const reason = isTooOld ? 'The run changed it more than 90 days ago.' : await undo(connection, change);
  const { _id, key, before } = change;
  return {
    _id,
    ...(key !== undefined && { key }),
    ...(before && { name: before.name }),
    result: reason === undefined ? 'undone' : 'skipped',
    ...(reason !== undefined && { reason }),
  };
};

/** Keys are free again before deleted channels come back with them. */
const order: Outcome['result'][] = ['created', 'updated', 'deleted'];

/**
 * Puts back what a run changed: deletes what it created, puts back what it updated, and restores what it deleted. Skips
 * channels that have changed since. It can be stopped at any moment and started again, and a second time does nothing.
 * @param onProgress is called from time to time
 * @param waitMs how long to wait for requests of the run that may still be under way, if it was killed
 */
export const undoRun = async (
  connection: Connection,
  run: Run,
  onProgress: (done: number, of: number) => void,
  waitMs = requestTimeoutMs,
): Promise<Undone[]> => {
  const changes = await changesOf(connection, run, waitMs);
  const groups = order.map((result) => changes.filter((change) => change.result === result));
  const all: Undone[] = [];
  for (const some of groups.flatMap((group) => chunks(group, concurrency))) {
    all.push(...(await Promise.all(some.map((change) => undoChange(connection, change)))));
    onProgress(all.length, changes.length);
  }
  return all;
};
