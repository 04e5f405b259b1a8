import type { Table } from '../dynamodb/table.ts';

/** The channels, with the marks that changes leave among them, and the directory that is derived from them. */
export interface Tables {
  channels: Table;
  directory: Table;
}
