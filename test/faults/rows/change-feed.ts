import { runChangeFeed } from '../change-feed.ts';
import type { FaultRow } from '../fault-row.ts';

export const changeFeed: FaultRow = {
  fault:
    'all of these at once, while readers follow the changes, and the publisher is killed, doubled and held back',
  promise:
    'each copy has only states that the channels had, never goes back, and equals its namespace in the end',
  run: async (run) => {
    const { wrongCopies, wrongStates, unexpected, ...seen } = await runChangeFeed(run);
    const details = [...wrongCopies, ...wrongStates, ...unexpected];
    return {
      text:
        `${wrongCopies.length} differences, ${wrongStates.length} wrong states, ${unexpected.length} wrong answers; in ${seen.readers} copies ` +
        `from ${seen.rows} rows of ${seen.pages} pages, with ${seen.versions} versions (${seen.written} by readers with exclude_self), ` +
        `${seen.faults} failed tries, ${seen.stops} stops of readers, ${seen.kills} kills of the publisher, ${seen.doubled} doubled batches`,
      holds: !details.length && seen.deadLetters === 0 && seen.rows > 0 && seen.written > 0,
      details,
    };
  },
};
