import type { ChannelTables } from '../../lib/projections/open-tables.ts';
import { findNamespaces } from '../../lib/reindex/find-namespaces.ts';
import { repairNamespace } from '../reindex/repair-namespace.ts';

/** How often a namespace is tried. Nobody else writes to these tables, so only throttling can make a step fail. */
const maxAttempts = 5;

/**
 * Rebuilds everything that is derived from the channels. A backup can contain a part of a transaction, so that also totals
 * and pending changes are right only after this.
 * @throws Error with one line if a namespace could not be repaired in 5 attempts; any error that does not pass by itself
 */
export const rebuildDerivedData = async (tables: ChannelTables): Promise<void> => {
  for (const namespace of await findNamespaces(tables)) {
    let attempts = 1;
    while (!(await repairNamespace(tables, namespace)))
      if (attempts++ === maxAttempts)
        throw new Error(`"${namespace}" could not be rebuilt. Run the command again.`);
  }
};
