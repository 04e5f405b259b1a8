import type { Change } from '../../lib/dynamodb/stream-record.ts';
import type { Table } from '../../lib/dynamodb/table.ts';
import { type ChannelEvent, checkEvent } from '../../lib/events/event-schema.ts';
import { toEvent } from '../../lib/events/to-event.ts';
import { writeHistory } from '../../lib/history/write-history.ts';
import { numberChanges } from '../../lib/projections/change-log/number-changes.ts';

/**
 * Does for the changes of a dead letter what `publish-events` does before it publishes: numbers them, and writes them into the
 * history. It can be done again.
 * @param tables undefined only reads the events
 * @returns the events of the changes
 * @throws Error if a change is not a valid event. All changes have their numbers then
 */
export const catchUp = async (
  changes: Change[],
  tables: { projections: Table; history: Table } | undefined,
): Promise<ChannelEvent[]> => {
  // First, so that no event that cannot be published keeps a change from being numbered.
  if (tables) await numberChanges(tables.projections, changes);
  const events = changes.flatMap((change) => {
    const event = toEvent(change);
    if (!event) return [];
    checkEvent(event);
    return [{ change, event }];
  });
  if (tables) await writeHistory(tables.history, events);
  return events.map(({ event }) => event);
};
