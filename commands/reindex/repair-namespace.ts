import type { Totals } from '../../lib/channels/items.ts';
import { isTransient } from '../../lib/dynamodb/failures.ts';
import type { ChannelTables } from '../../lib/projections/open-tables.ts';
import { reindexing } from '../../lib/reindex/reindex.ts';

const describeTotals = ({ enabled, disabled }: Totals) => `${enabled} enabled and ${disabled} disabled`;

/** Each step repairs one kind of derived data of a namespace, and returns a line that says what it found. */
const steps: ((tables: ChannelTables, namespace: string) => Promise<string>)[] = [
  async (tables, namespace) => `index keys of ${await reindexing.keys(tables, namespace)} channels repaired`,
  async (tables, namespace) =>
    `${await reindexing.externalKeys(tables, namespace)} external keys repaired, or removed if no channel has them`,
  async (tables, namespace) =>
    `suffix entries of ${await reindexing.channels(tables, namespace)} channels repaired`,
  async (tables, namespace) => `${await reindexing.buckets(tables, namespace)} count buckets recounted`,
  async (tables, namespace) => {
    const { before, after } = await reindexing.totals(tables, namespace);
    const [was, is] = [describeTotals(before), describeTotals(after)];
    if (was !== is) return `${is}, corrected from ${was}`;
    return after.enabled + after.disabled ? is : 'no channels, or no such namespace';
  },
];

/**
 * Repairs everything that is derived from the channels of a namespace, and prints what it found. The service may run
 * meanwhile. If other writers change something too often to repair it, this prints so, and goes on with the next step.
 * @returns whether all steps were done
 * @throws any error that does not pass by itself
 */
export const repairNamespace = async (tables: ChannelTables, namespace: string): Promise<boolean> => {
  let isDone = true;
  for (const step of steps)
    try {
      console.log(`${namespace}: ${await step(tables, namespace)}`);
    } catch (error) {
      if (!isTransient(error)) throw error;
      console.error(`${namespace}: ${error.message}`);
      isDone = false;
    }
  return isDone;
};
