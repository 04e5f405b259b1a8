import { isDeepStrictEqual } from 'node:util';
import {
  type ConcurrentUpdates,
  countByStatus,
  updateConcurrently,
} from '../../support/concurrent-updates.ts';
import { type FaultRow, judgeAnswers } from '../fault-row.ts';

const count = 200;
const etag = { 'if-match': '"0"' };

const countAnswers = ({ replies }: ConcurrentUpdates) => {
  const { 200: done = 0, 412: stale = 0, 503: unknown = 0 } = countByStatus(replies);
  return { done, stale, unknown };
};

const hasOneWinner = (updates: ConcurrentUpdates): boolean => {
  const { done, stale, unknown } = countAnswers(updates);
  const winner = updates.replies.find(({ status }) => status === 200);
  return done === 1 && stale + unknown === count - 1 && isDeepStrictEqual(winner?.body.data, updates.stored);
};

const allSucceed = (updates: ConcurrentUpdates): boolean => {
  const { done, unknown } = countAnswers(updates);
  const { __v: version } = updates.stored;
  return done > 0 && done + unknown === count && version >= done && version <= count;
};

const format = (name: string, updates: ConcurrentUpdates): string => {
  const { done, unknown } = countAnswers(updates);
  return `${name}: ${done} of ${count} succeed${unknown ? ` (${unknown} × 503)` : ''}, __v = ${updates.stored.__v}`;
};

export const concurrentUpdates: FaultRow = {
  fault: '200 concurrent updates use one ETag, and 200 others use none',
  promise: 'under the ETag exactly one wins; without it all succeed, and __v is their number',
  run: async ({ service, seed }) => {
    const key = await service.newKey({ namespaces: [`updates-${seed}`] });
    const update = (patchOf: (index: number) => object, headers = {}) =>
      updateConcurrently(service.call, key, { count, atOnce: count, patchOf, headers });
    const inPlace = await update((index) => ({ integration_meta: { index } }), etag);
    const renames = await update((index) => ({ name: `n${index}` }), etag);
    const free = await update((index) => ({ integration_meta: { index } }));
    const all = [inPlace, renames, free];
    const unknown = all.reduce((sum, updates) => sum + countAnswers(updates).unknown, 0);
    const isRight = hasOneWinner(inPlace) && hasOneWinner(renames) && allSucceed(free);
    return {
      text: [
        format('in place under one ETag', inPlace),
        format('renames under one ETag', renames),
        format('without an ETag', free),
      ].join('; '),
      holds: judgeAnswers(isRight, unknown, all.length * count),
    };
  },
};
