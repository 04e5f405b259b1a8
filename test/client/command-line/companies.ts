import { type Channel, ChannelsClient, type UpsertRow } from '../../../client/index.ts';
import type { Service } from '../../support/service.ts';
import { type CommandFolder, useCommandFolders } from './in-process.ts';

/** A namespace with a key, a client and a folder for commands. */
export interface Company {
  namespace: string;
  key: string;
  client: ChannelsClient;
  folder: CommandFolder;
}

/** @returns a function that makes companies. Their folders are removed after the tests of the file */
export const useCompanies = (service: Service): (() => Promise<Company>) => {
  const newFolder = useCommandFolders();
  let count = 0;
  return async () => {
    const namespace = `cli${++count}`;
    const { url } = service;
    const key = await service.newKey({ namespaces: [namespace] });
    return { namespace, key, client: new ChannelsClient({ url, key }), folder: newFolder({ url, key }) };
  };
};

export const collect = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
};

export const row = (external_id: string, name: string, meta = {}): UpsertRow => ({
  name,
  integration_meta: { external_id, ...meta },
});

export const ndjson = (rows: unknown[]): string => rows.map((each) => `${JSON.stringify(each)}\n`).join('');

/** Channels without the fields that the service sets, in the order of their keys. */
export const byKey = (channels: Channel[]) =>
  channels
    .map(({ _id, createdAt, updatedAt, __v, ...content }) => content)
    .sort((a, b) =>
      String(a.integration_meta?.external_id).localeCompare(String(b.integration_meta?.external_id)),
    );

/** The name of the run that a command tells at its end. */
export const runOf = (out: string): string => /undo (\S+)/.exec(out)?.[1] ?? '';
