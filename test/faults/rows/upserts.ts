import type { FaultRow } from '../fault-row.ts';
import { runUpserts } from '../upserts.ts';

export const upserts: FaultRow = {
  fault:
    'all of these at once, while 50 clients upsert and delete by the same 200 keys, alongside other writes',
  promise: 'no key gets two channels by upsert, and every row is true',
  isWorthALongRun: true,
  run: async ({ service, proxy, seed, count }) => {
    const result = await runUpserts({ service, proxy, seed, clients: 50, keys: 200, requests: count });
    const { rows, faults, duplicates, wrongAnswers, contradictions } = result;
    const total = Object.values(rows).reduce((sum, each) => sum + each, 0);
    const kinds = Object.entries(rows)
      .map(([kind, number]) => `${number} ${kind}`)
      .sort()
      .join(', ');
    const details = [...duplicates, ...wrongAnswers, ...contradictions];
    return {
      text:
        `${duplicates.length} keys with two channels, ${wrongAnswers.length} wrong answers, ${contradictions.length} differences in ` +
        `totals, external keys, searches and events; in ${total} rows of ${count} requests (${kinds}), with ${faults} failed tries`,
      holds: !details.length,
      details,
    };
  },
};
