import { runStorm } from '../../support/storm.ts';
import type { FaultRow } from '../fault-row.ts';

const kills = 6;

export const repeatedRecords: FaultRow = {
  fault: 'stream records are repeated and reordered, and one is poisonous',
  promise: '0 lost; only the bad record becomes a dead letter',
  run: async ({ service, seed, count }) => {
    const storm = await runStorm({
      service,
      name: `storm-${seed}`,
      seed,
      changes: count,
      maxDeliveries: 10,
      kills,
    });
    const { lost, unexplained, overtaken, wrongLetters, wrongCopies, wrongHistories, events, letters } =
      storm;
    const wrong = [lost, unexplained, overtaken, wrongLetters, wrongCopies, wrongHistories].flat();
    return {
      text:
        `${lost.length} lost, ${overtaken.length} overtaken, ${unexplained.length} unexplained, ${wrongLetters.length} wrong dead ` +
        `letters in ${count} changes (${events} events, ${storm.kills} kills of the publisher)`,
      holds: !wrong.length && letters > 0 && storm.kills === kills,
      details: wrong.map((each) => JSON.stringify(each)),
    };
  },
};

export const rejectedEntries: FaultRow = {
  fault: 'PutEvents fails for some entries',
  promise: '0 lost; only those entries are sent again',
  run: async ({ service, seed, count }) => {
    const storm = await runStorm({
      service,
      name: `bus-${seed}`,
      seed,
      changes: count,
      maxDeliveries: 1,
      kills: 0,
    });
    const { lost, overtaken, wrongLetters, wrongCopies, wrongHistories, events, expected, rejected } = storm;
    const wrong = [lost, overtaken, wrongLetters, wrongCopies, wrongHistories].flat();
    return {
      text: `${lost.length} lost; ${rejected} entries rejected, ${events - expected} events sent again after success, of ${expected}`,
      holds: !wrong.length && rejected > 0,
      details: wrong.map((each) => JSON.stringify(each)),
    };
  },
};
