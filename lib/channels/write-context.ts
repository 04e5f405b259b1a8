import { randomBytes } from 'node:crypto';
import type { Caller } from '../auth/authenticate.ts';
import type { WriteContext } from './change-rules.ts';
import { counterShards } from './items.ts';

/** Begins a write of a request. */
export const newWriteContext = (caller: Caller): WriteContext => ({
  caller,
  now: Date.now(),
  writeId: randomBytes(9).toString('base64url'),
});

/**
 * A retried write needs the current time: readers of `from_updatedAt` may already be past the first attempt's time. If the
 * clock was set back, the time stays: a lost try of the first attempt that arrives late must find a later time.
 */
export const withCurrentTime = (write: WriteContext): WriteContext => ({
  ...write,
  now: Math.max(write.now, Date.now()),
});

export const authorOf = ({ now, caller }: WriteContext) => ({ now, keyId: caller.keyId });

let lastShard = Math.floor(Math.random() * counterShards);

/** Chooses the counter of the next write. Writes of one process take turns, so that the rows of one upsert do not conflict with each other. */
export const nextShard = () => {
  lastShard = (lastShard + 1) % counterShards;
  return lastShard;
};
