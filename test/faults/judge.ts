import { type History, linearize, type Verdict } from './linearize.ts';
import type { Operation } from './operation.ts';

/**
 * What is wrong with the history of a channel:
 * - `denied`: an answer of 404, 409, 412 or 429 denies a write that was done;
 * - `twice`: one write was done twice;
 * - `lost`: a write that was confirmed was not done, or it was undone;
 * - `foreign`: an answer shows a state that the channel did not have at that time;
 * - `unchecked`: the search for an explanation took too long.
 */
export type Fault = 'denied' | 'twice' | 'lost' | 'foreign' | 'unchecked';

const isWrite = ({ action }: Operation) => action.kind !== 'read';

const withUnknown = (operations: Operation[], isDoubtful: (operation: Operation) => boolean): Operation[] =>
  operations.map((each) => (isWrite(each) && isDoubtful(each) ? { ...each, outcome: 'unknown' } : each));

/** The same history, with answers that are believed less. If one of these has an explanation, it names the fault. */
const doubts: [fault: Fault, doubt: (operations: Operation[]) => Operation[][]][] = [
  ['denied', (operations) => [withUnknown(operations, ({ outcome }) => typeof outcome === 'string')]],
  [
    'twice',
    (operations) => {
      const changes = operations.filter((each) => isWrite(each) && each.action.kind !== 'create');
      return [[...operations, ...withUnknown(changes, () => true)]];
    },
  ],
  [
    'lost',
    (operations) =>
      operations
        .filter((each) => isWrite(each) && typeof each.outcome === 'object')
        .map((confirmed) => operations.filter((each) => each !== confirmed)),
  ],
];

const believed = (operations: Operation[]) => operations.filter(({ outcome }) => outcome !== 'refused');

/** Judges the history of one channel. @returns undefined if all answers are right */
export const judge = ({ operations, ...rest }: History): Fault | undefined => {
  const verdictOf = (each: Operation[]): Verdict => linearize({ operations: believed(each), ...rest });
  const verdict = verdictOf(operations);
  if (verdict === 'linearizable') return undefined;
  if (verdict === 'too large') return 'unchecked';
  const found = doubts.find(([, doubt]) =>
    doubt(operations).some((each) => verdictOf(each) === 'linearizable'),
  );
  return found ? found[0] : 'foreign';
};
