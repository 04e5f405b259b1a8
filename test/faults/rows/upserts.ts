import type { FaultRow } from '../fault-row.ts';
import { runUpserts } from '../upserts.ts';

export const upserts: FaultRow = {
  fault:
    'all of these at once, while 50 clients upsert and delete by the same 200 keys, alongside other writes',
  promise: 'no key gets two channels by upsert, and every row is true',
  isWorthALongRun: true,
  run: async ({ service, proxy, seed, count }) => {
    const size = { clients: 50, keys: 200, maxRows: 12, requests: count };
    const result = await runUpserts({ service, proxy, seed, ...size });
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
      // On a busy machine, the time of most requests runs out, and their rows tell nothing.
      holds: !details.length && (rows.unknown ?? 0) > total / 2 ? undefined : !details.length,
      details,
    };
  },
};
