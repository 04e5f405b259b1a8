import { isDeepStrictEqual } from 'node:util';
import {
  type ConcurrentUpdates,
  countByStatus,
  updateConcurrently,
} from '../../support/concurrent-updates.ts';
import type { FaultRow, FaultRun } from '../fault-row.ts';

const updates = 200;
const etag = { 'if-match': '"0"' };

const hasOneWinner = ({ replies, stored }: ConcurrentUpdates): boolean =>
  isDeepStrictEqual(countByStatus(replies), { 200: 1, 412: updates - 1 }) &&
  isDeepStrictEqual(replies.find(({ status }) => status === 200)?.body.data, stored);

const runUpdates = async ({ service, seed }: FaultRun) => {
  const key = await service.newKey({ namespaces: [`updates-${seed}`] });
  const run = (patchOf: (index: number) => object, headers = {}) =>
    updateConcurrently(service.call, key, { count: updates, atOnce: updates, patchOf, headers });
  const inPlace = (index: number) => ({ local_name: `n${index}` });
  return {
    inPlaceUnderETag: await run(inPlace, etag),
    renamesUnderETag: await run((index) => ({ name: `n${index}` }), etag),
    withoutETag: await run(inPlace),
  };
};

export const concurrentUpdates: FaultRow = {
  fault: '200 concurrent updates use one ETag, and 200 others use none',
  promise: 'under the ETag exactly one wins; without it all succeed, and __v is their number',
  run: async (run) => {
    const { inPlaceUnderETag, renamesUnderETag, withoutETag } = await runUpdates(run);
    const done = countByStatus(withoutETag.replies)[200] ?? 0;
    const winners = [inPlaceUnderETag, renamesUnderETag].map(
      ({ replies }) => countByStatus(replies)[200] ?? 0,
    );
    return {
      text: `${winners[0]} of 200 in place and ${winners[1]} of 200 renames under one ETag; ${done} of 200 without, __v = ${withoutETag.stored.__v}`,
      holds:
        hasOneWinner(inPlaceUnderETag) &&
        hasOneWinner(renamesUnderETag) &&
        done === updates &&
        withoutETag.stored.__v === updates,
    };
  },
};
