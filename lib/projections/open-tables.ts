import type { connect } from '../dynamodb/client.ts';
import { Meter } from '../dynamodb/meter.ts';
import { Table } from '../dynamodb/table.ts';

/** The channels with their pending changes, and the projections that are derived from them. */
export interface ChannelTables {
  channels: Table;
  projections: Table;
}

/** Opens both tables for work that is not a request. Nobody reads its meter. */
export const openChannelTables = (
  client: ReturnType<typeof connect>,
  names: Record<keyof ChannelTables, string>,
  signal: AbortSignal,
): ChannelTables => {
  const session = { client, meter: new Meter(), signal };
  return { channels: new Table(session, names.channels), projections: new Table(session, names.projections) };
};
