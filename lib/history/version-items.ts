import type { ChannelDocument } from '../channels/document-schema.ts';
import type { Item } from '../dynamodb/item.ts';

/** A channel in one namespace. */
export interface ChannelKey {
  namespace: string;
  id: string;
}

/** One version of a channel in a namespace, as clients see it. */
export interface Version {
  version: number;
  /** ISO 8601. */
  at: string;
  /** The id of the API key that made the version. */
  actor: string;
  type: 'created' | 'updated' | 'deleted' | 'restored';
  /** The fields that an update changed. Empty for other types. */
  changed: string[];
  /** Null for a deletion. */
  channel: ChannelDocument | null;
}

/** How long a version is kept. */
const ttlSeconds = 365 * 24 * 60 * 60;

const partitionOf = ({ namespace, id }: ChannelKey) => `HISTORY#${namespace}#${id}`;

/** Every version has at most 16 digits: after a restored backup it is a time in milliseconds. */
const digits = 16;

/**
 * The time is part of the key: after a restored backup, the same version can be made again with other content, and both
 * stay.
 */
const sortKeyOf = ({ version, at }: Version) => `${String(version).padStart(digits, '0')}#${at}`;

/** The document is text, because DynamoDB's numbers and empty keys are not those of JSON. */
export const toVersionItem = (channel: ChannelKey, version: Version): Item => ({
  pk: partitionOf(channel),
  sk: sortKeyOf(version),
  type: version.type,
  actor: version.actor,
  ...(version.changed.length && { changed: version.changed }),
  ...(version.channel && { document: JSON.stringify(version.channel) }),
  expiresAt: Math.floor(Date.parse(version.at) / 1000) + ttlSeconds,
});

export const fromVersionItem = ({ sk, type, actor, changed = [], document }: Item): Version => {
  const [version, at] = (sk as string).split('#') as [string, string];
  return {
    version: Number(version),
    at,
    actor: actor as string,
    type: type as Version['type'],
    changed: changed as string[],
    channel: document === undefined ? null : JSON.parse(document as string),
  };
};

/** A query for the versions of a channel, newest first. @param after begins after the version with this sort key */
export const versionsOf = (channel: ChannelKey, after: string | undefined) => ({
  KeyConditionExpression: after === undefined ? 'pk = :pk' : 'pk = :pk AND sk < :after',
  ExpressionAttributeValues: { ':pk': partitionOf(channel), ...(after !== undefined && { ':after': after }) },
  ScanIndexForward: false,
});
