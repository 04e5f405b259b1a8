import type { Channel } from '../../types.ts';
import { chunks } from '../chunks.ts';
import type { Journal, Outcome, Planned } from './journal.ts';
import { type Connection, findChannel } from './own-version.ts';
import { refusal } from './refusal.ts';

/** Requests at a time. */
const concurrency = 8;
/** How often a channel may change while it is being deleted. */
const maxAttempts = 10;

const now = () => new Date().toISOString();

/**
 * Deletes a channel in exactly the version that was read, so that the service checks as part of the deletion that the channel
 * is still selected. If the channel has changed since, it is read again.
 * @param isSelected whether a channel is still one to delete
 */
const deleteChannel = async (
  connection: Connection,
  { index, channel: planned }: Planned,
  isSelected: (channel: Channel) => boolean,
): Promise<Outcome> => {
  let known = planned as Channel;
  const { _id } = known;
  for (let attempt = 1; ; attempt++) {
    const error = await connection.client
      .delete(_id, { ifMatch: known, signal: connection.signal })
      .then(() => undefined, refusal);
    if (!error) return { index, result: 'deleted', _id, __v: known.__v + 1, at: now() };
    const hasChanged = error.status === 412 || error.status === 404;
    if (!hasChanged || attempt === maxAttempts) {
      const { code = 'conflict', message } = error;
      return { index, result: 'failed', _id, code, error: message, at: now() };
    }
    const current = await findChannel(connection, _id);
    if (!current) return { index, result: 'unchanged', _id, at: now() };
    if (!isSelected(current)) return { index, result: 'unchanged', _id, __v: current.__v, at: now() };
    known = current;
  }
};

/**
 * Deletes the channels that are planned in the journal and have no outcome yet.
 * @param onProgress is called from time to time
 */
export const deleteChannels = async (
  connection: Connection,
  journal: Journal,
  isSelected: (channel: Channel) => boolean,
  onProgress: () => void,
): Promise<void> => {
  const left = (journal.deletions?.rows ?? []).filter(({ index }) => !journal.outcomes.has(index));
  for (const some of chunks(left, concurrency)) {
    journal.send(some.map(({ index }) => index));
    const outcomes = some.map((each) => deleteChannel(connection, each, isSelected));
    journal.record(await Promise.all(outcomes));
    onProgress();
  }
};
