import type { connect } from '../dynamodb/client.ts';
import { Meter } from '../dynamodb/meter.ts';
import { Table } from '../dynamodb/table.ts';

/** The channels, with the marks that changes leave among them, and the directory that is derived from them. */
export interface ChannelTables {
  channels: Table;
  projections: Table;
}

/** The two, by their names, for work that is no request: what it consumes is not told. */
export const openChannelTables = (
  client: ReturnType<typeof connect>,
  names: Record<keyof ChannelTables, string>,
  signal: AbortSignal,
): ChannelTables => {
  const open = (name: string) => new Table(client, name, new Meter(), signal);
  return { channels: open(names.channels), projections: open(names.directory) };
};
