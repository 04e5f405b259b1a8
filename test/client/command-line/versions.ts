import { expect } from '@jest/globals';
import type { Channel, ChannelsClient } from '../../../client/index.ts';
import { eventually } from '../../support/eventually.ts';
import type { Service } from '../../support/service.ts';

/** A version of a channel in one namespace, as its event tells. */
export interface Version {
  _id: string;
  version: number;
  /** The id of the key that made it. */
  actor: string;
  /** Absent for a creation and a restore. */
  before?: Channel;
  /** Absent for a deletion. */
  after?: Channel;
}

/** The versions that were published in a namespace, those of each channel in their order. */
const publishedVersions = ({ events }: Service, namespace: string): Version[] =>
  events
    .map(({ detail }) => detail)
    .filter((detail) => detail.namespace === namespace)
    .map(({ channel, previous, version, actor }) => ({
      _id: (channel ?? previous)._id,
      version,
      actor,
      ...(previous && { before: previous }),
      ...(channel && { after: channel }),
    }));

/** The channels after versions were made, in the order of their ids. */
const apply = (before: Channel[], versions: Version[]): Channel[] => {
  const channels = new Map(before.map((channel) => [channel._id, channel]));
  for (const { _id, after } of versions)
    if (after) channels.set(_id, after);
    else channels.delete(_id);
  return [...channels.values()].sort((one, other) => (one._id < other._id ? -1 : 1));
};

/**
 * Waits until the events have what was written so far. They come in the order of the writes, for each channel at least.
 * @param written what must be among them: it may have been deleted again
 * @returns the versions in a namespace
 */
export const versionsUntilNow = async (
  service: Service,
  namespace: string,
  client: ChannelsClient,
  written: { _id?: string; __v?: number }[] = [],
): Promise<Version[]> => {
  const marker = await client.create({ name: 'Marker' });
  const stored: Channel[] = [];
  for await (const channel of client.all()) stored.push(channel);
  await client.delete(marker._id);
  let versions: Version[] = [];
  await eventually(() => {
    versions = publishedVersions(service, namespace);
    const ofMarker = versions.filter(({ _id }) => _id === marker._id);
    expect(ofMarker).toHaveLength(2);
    versions = versions.filter(({ _id }) => _id !== marker._id);
    expect(apply([marker], versions)).toEqual(stored);
    const known = new Set(versions.map(({ _id, version }) => `${_id} ${version}`));
    expect(written.filter(({ _id, __v }) => !known.has(`${_id} ${__v}`))).toEqual([]);
  });
  return versions;
};
