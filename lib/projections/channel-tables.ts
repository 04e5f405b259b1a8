import type { connect } from '../dynamodb/client.ts';
import { Meter } from '../dynamodb/meter.ts';
import { Table } from '../dynamodb/table.ts';

/** The channels, with the marks that changes leave among them, and the directory that is derived from them. */
export interface Tables {
  channels: Table;
  directory: Table;
}

/** The two, by their names, for work that is no request: what it consumes is not told. */
export const openTables = (
  client: ReturnType<typeof connect>,
  names: Record<keyof Tables, string>,
  signal: AbortSignal,
): Tables => {
  const open = (name: string) => new Table(client, name, new Meter(), signal);
  return { channels: open(names.channels), directory: open(names.directory) };
};
