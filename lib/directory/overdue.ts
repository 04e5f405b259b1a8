import { markIndex, readMarkKey } from './mark.ts';
import { settle } from './settle.ts';
import type { Tables } from './tables.ts';

/**
 * Settles what has waited since before a time, in all namespaces: marks whose record the stream no longer has, or whose
 * settling failed. Looking costs next to nothing, since marks alone are in the index.
 * @param before milliseconds since the epoch
 * @param isTimeLeft asked before each one; what is left over then waits for the next time
 * @returns how many were settled
 * @throws AggregateError, after all others, where some could not be
 */
export const settleOverdue = async (
  tables: Tables,
  before: number,
  isTimeLeft: () => boolean,
): Promise<number> => {
  let settled = 0;
  const failures: unknown[] = [];
  for await (const { pk, sk, pendingSince } of tables.channels.scan(markIndex)) {
    if (Date.parse(pendingSince as string) >= before) continue;
    if (!isTimeLeft()) break;
    const { namespace, id } = readMarkKey({ pk: pk as string, sk: sk as string });
    try {
      await settle(tables, namespace, id);
      settled++;
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length) throw new AggregateError(failures, `${failures.length} could not be settled`);
  return settled;
};
