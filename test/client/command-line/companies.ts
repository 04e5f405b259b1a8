import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '../../../client/command-line/runs/own-version.ts';
import { type Channel, ChannelsClient, type UpsertRow } from '../../../client/index.ts';
import type { Service } from '../../support/service.ts';
import { type CommandFolder, useCommandFolders } from './in-process.ts';

/** A namespace with a key, a client and a folder for commands. */
export interface Company {
  namespace: string;
  key: string;
  client: ChannelsClient;
  folder: CommandFolder;
  storedChannels(): Promise<Channel[]>;
  /** Upserts rows, and returns when they are there. */
  seed(rows: UpsertRow[]): Promise<unknown>;
}

/** @returns a function that makes companies. Their folders are removed after the tests of the file */
export const useCompanies = (service: Service): (() => Promise<Company>) => {
  const newFolder = useCommandFolders();
  let count = 0;
  return async () => {
    const namespace = `cli${++count}`;
    const { url } = service;
    const key = await service.newKey({ namespaces: [namespace] });
    const client = new ChannelsClient({ url, key });
    return {
      namespace,
      key,
      client,
      folder: newFolder({ url, key }),
      storedChannels: () => collect(client.all()),
      seed: (rows) => collect(client.upsertAll(rows)),
    };
  };
};

/** A client with a key of its own. */
export const newClient = async (service: Service, namespace: string): Promise<ChannelsClient> =>
  new ChannelsClient({ url: service.url, key: await service.newKey({ namespaces: [namespace] }) });

/** A connection that does not wait before it sends a request again. */
export const connectionOf = (client: ChannelsClient, keyId: string): Connection => ({
  client,
  keyId,
  signal: new AbortController().signal,
  pause: async () => {},
});

const aMinuteAgo = () => new Date(Date.now() - 60_000).toISOString();

/** The steps of a journal of a run that sent these rows a minute ago, and was killed before it had the answer. */
export const sentSteps = (rows: { index: number }[]) => [
  { step: 'before', rows },
  { step: 'sent', rows: rows.map(({ index }) => index), at: aMinuteAgo() },
];

/** Moves the requests of all runs of a folder into the past. A run that goes on waits for requests that may still be under way. */
export const ageRequests = (path: string): void => {
  const runs = join(path, '.client-channels');
  for (const run of existsSync(runs) ? readdirSync(runs) : []) {
    const journal = join(runs, run, 'journal.ndjson');
    if (!existsSync(journal)) continue;
    const sentAt = /(?<="step":"sent","rows":\[[\d,]*\],"at":")[^"]+/g;
    writeFileSync(journal, readFileSync(journal, 'utf8').replace(sentAt, aMinuteAgo()));
  }
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
