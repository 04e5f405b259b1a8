import type { FaultRow } from '../fault-row.ts';
import { runRestores } from '../restores.ts';

export const restores: FaultRow = {
  fault:
    'all of these at once, while restores race against creations and upserts with the same external id, deletions and themselves',
  promise: 'no key gets two channels by upsert or restore, and every answer is true',
  run: async ({ service, proxy, seed, count }) => {
    const rounds = Math.ceil(count / 5);
    const result = await runRestores({ service, proxy, seed, rounds });
    const { restores: kinds, faults, duplicates, wrongAnswers, contradictions } = result;
    const details = [...duplicates, ...wrongAnswers, ...contradictions];
    const answers = Object.entries(kinds)
      .map(([kind, number]) => `${number} ${kind}`)
      .sort()
      .join(', ');
    return {
      text:
        `${duplicates.length} keys with two channels, ${wrongAnswers.length} wrong answers, ${contradictions.length} differences in ` +
        `totals, external keys, searches, events, changes and histories; in ${rounds} races (restores: ${answers}), with ${faults} failed tries`,
      holds: !details.length,
      details,
    };
  },
};
