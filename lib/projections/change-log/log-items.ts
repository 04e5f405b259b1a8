import { randomBytes } from 'node:crypto';
import type { Item } from '../../dynamodb/item.ts';
import type { Write } from '../../dynamodb/table.ts';

/** The head of a namespace's change log. */
export interface LogHead {
  /** The name of the present log. It is random. A namespace gets a new log if changes may be missing in the old one. */
  generation: string;
  /** The number of the last entry; 0 if there is none. */
  lastNumber: number;
}

/** Says that a channel changed in a namespace, or joined or left it. It holds no document: readers read the channel itself. */
export interface LogEntry {
  /** Counts from 1, without gaps, in the order in which the changes were numbered. */
  number: number;
  id: string;
  /** The id of the API key that made the change. */
  by: string;
  /** When the change was made, in milliseconds since the epoch. */
  at: number;
  /** When the change was numbered, in milliseconds since the epoch, in whole seconds. */
  numberedAt: number;
}

const daySeconds = 24 * 60 * 60;

/**
 * How long an entry is kept after it was numbered: two days longer than cursors. So entries in front of a valid cursor are
 * never gone, even if clocks differ by hours. (TTL removes expired entries late, and in any order.)
 */
const entryTtlSeconds = 92 * daySeconds;

// An entry has at most 163 bytes, also in a namespace with the longest name. Otherwise a page of 100 entries would cost 5 read
// units instead of 4. So keep keys and names of attributes short.
const headPartition = (namespace: string) => `LOG#${namespace}`;
const entriesPartition = (namespace: string, generation: string) => `LOG#${namespace}#${generation}`;

/** The namespace in the partition key of a change log, or undefined for any other partition key. */
export const namespaceOfLog = (partition: string): string | undefined => /^LOG#([^#]+)/.exec(partition)?.[1];

export const headKey = (namespace: string) => ({ pk: headPartition(namespace), sk: 'HEAD' });

/** Text sorts like numbers up to this many digits: a thousand changes a second for 30 years. */
const digits = 12;
const entrySortKey = (number: number) => String(number).padStart(digits, '0');

export const newGeneration = (): string => randomBytes(6).toString('base64url');

export const toHead = ({ generation, lastNumber }: Item): LogHead => ({ generation, lastNumber }) as LogHead;

/** The writes that append entries to the log, on the condition that its head has not changed since it was read. */
export const appendWrites = (
  namespace: string,
  { generation, lastNumber }: LogHead,
  changes: Pick<LogEntry, 'id' | 'by' | 'at'>[],
  now: number,
): Write[] => [
  {
    Update: {
      Key: headKey(namespace),
      UpdateExpression: 'SET lastNumber = :next',
      ConditionExpression: 'generation = :generation AND lastNumber = :last',
      ExpressionAttributeValues: {
        ':generation': generation,
        ':last': lastNumber,
        ':next': lastNumber + changes.length,
      },
    },
  },
  ...changes.map(({ id, by, at }, index) => ({
    Put: {
      Item: {
        pk: entriesPartition(namespace, generation),
        sk: entrySortKey(lastNumber + 1 + index),
        id,
        by,
        at,
        expiresAt: Math.floor(now / 1000) + entryTtlSeconds,
      },
    },
  })),
];

/** A strongly consistent query for the entries after one number, up to the head. */
export const entriesAfter = (namespace: string, { generation, lastNumber }: LogHead, number: number) => ({
  KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
  ExpressionAttributeValues: {
    ':pk': entriesPartition(namespace, generation),
    ':first': entrySortKey(number + 1),
    ':last': entrySortKey(lastNumber),
  },
  ConsistentRead: true,
});

export const toEntry = ({ sk, id, by, at, expiresAt }: Item): LogEntry => ({
  number: Number(sk),
  id: id as string,
  by: by as string,
  at: at as number,
  numberedAt: ((expiresAt as number) - entryTtlSeconds) * 1000,
});
