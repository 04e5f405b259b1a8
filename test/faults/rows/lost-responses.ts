import { mapConcurrently } from '../../../lib/map-concurrently.ts';
import { cancelled, conflict, serverError, throttled } from '../../support/dynamodb-errors.ts';
import { type LostResponse, loseResponse } from '../../support/lost-responses.ts';
import { type WriteKind, writeKinds } from '../../support/write-kinds.ts';
import type { FaultRow } from '../fault-row.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, number) => number);
const countOf = (results: LostResponse[], is: (result: LostResponse) => boolean) => results.filter(is).length;

const describe = (results: LostResponse[], is: (result: LostResponse) => boolean): string[] =>
  results.filter(is).map((result) => JSON.stringify(result));

/** A write takes little work and little time, because the SDK tries again at once. */
const writesAtOnce = 20;

export const lostResponses: FaultRow = {
  fault: 'a write is committed, but its response is lost',
  promise: '0 duplicates and 0 false conflicts in 1,000 writes of all kinds',
  run: async ({ service, seed, count }) => {
    const kinds = Object.values<WriteKind>(writeKinds);
    const results = await mapConcurrently(numbers(count), writesAtOnce, (number) =>
      loseResponse(service.channels, `lost-${seed}-${number}`, kinds[number % kinds.length] as WriteKind),
    );
    const duplicates = countOf(results, ({ timesDone }) => timesDone > 1);
    const conflicts = countOf(results, ({ code }) => code !== undefined);
    const wrong = countOf(results, ({ timesDone, isRightAnswer }) => timesDone !== 1 || !isRightAnswer);
    return {
      text: `${duplicates} duplicates, ${conflicts} false conflicts and ${wrong} wrong results in ${count}`,
      holds: !wrong,
      details: describe(results, (result) => result.timesDone !== 1 || !result.isRightAnswer),
    };
  },
};

const refusals = { throttled, conflict, 'status 500': serverError };
const refusedKinds = {
  create: writeKinds.create,
  'update in place': writeKinds['update in place'],
  rename: writeKinds.rename,
  delete: writeKinds.delete,
  restore: writeKinds.restore,
  'upsert that creates': writeKinds['upsert that creates'],
  'upsert in place': writeKinds['upsert in place'],
  'deletion by key': writeKinds['deletion by key'],
};
/** Each write waits for seconds, because the SDK pauses between its tries. */
const refusedWritesAtOnce = 40;

const refusalOf = (refusal: string, kind: string, error: () => Error) =>
  refusal === 'conflict' && !kind.endsWith('in place') ? cancelled : error;

export const lostAndRefused: FaultRow = {
  fault: 'a write is committed, its response is lost, and every later try is throttled, conflicts or fails',
  promise: 'the answer is always 503; 0 denied and 0 applied twice in 1,000 of each kind',
  run: async ({ service, seed, count }) => {
    const cases = Object.entries(refusedKinds).flatMap(([kind, write]) =>
      Object.entries(refusals).flatMap(([refusal, error]) =>
        numbers(count).map((number) => ({
          namespace: `refused-${seed}-${kind}-${refusal}-${number}`.replaceAll(' ', '-'),
          write,
          error: refusalOf(refusal, kind, error),
        })),
      ),
    );
    const results = await mapConcurrently(cases, refusedWritesAtOnce, ({ namespace, write, error }) =>
      loseResponse(service.channels, namespace, write, error),
    );
    const denied = countOf(results, ({ code }) => code !== 'unavailable');
    const twice = countOf(results, ({ timesDone }) => timesDone > 1);
    const lost = countOf(results, ({ timesDone }) => timesDone < 1);
    return {
      text: `${denied} answers other than 503, ${twice} applied twice and ${lost} lost in ${cases.length}, ${count} of each kind`,
      holds: !denied && !twice && !lost,
      details: describe(results, ({ code, timesDone }) => code !== 'unavailable' || timesDone !== 1),
    };
  },
};
