import type { Channel } from '../../types.ts';
import { columnsOf, toCells } from './columns.ts';
import { formatCsv } from './csv.ts';
import type { Format } from './formats.ts';

/** The columns depend on all channels, so this holds all channels in memory. */
async function* toCsv(channels: AsyncIterable<Channel>): AsyncGenerator<string, void, undefined> {
  const all: Channel[] = [];
  for await (const channel of channels) all.push(channel);
  const columns = columnsOf(all);
  yield formatCsv([columns]);
  for (const channel of all) yield formatCsv([toCells(columns, channel)]);
}

async function* toNdjson(channels: AsyncIterable<Channel>): AsyncGenerator<string, void, undefined> {
  for await (const channel of channels) yield `${JSON.stringify(channel)}\n`;
}

/** The text of a file with channels, in pieces. */
export const formatChannels = (channels: AsyncIterable<Channel>, format: Format) =>
  format === 'csv' ? toCsv(channels) : toNdjson(channels);
