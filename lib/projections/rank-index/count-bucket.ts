import { allIds, below, type IdRange } from '../../channels/id-range.ts';
import type { Item } from '../../dynamodb/item.ts';

/**
 * The number of channels in a full bucket. With 128, all buckets of 100,000 channels cost 10 read units, and skipping a
 * part of one bucket costs at most 7 (at 289 bytes a channel). Any other size makes one of the two more expensive.
 */
export const bucketSize = 128;

/** A counted range of ids: the ids up to the next bucket, and how many channels the namespace has among them. */
export interface CountBucket extends IdRange {
  count: number;
  /** Increases with every change. 0 if the bucket is not stored. */
  version: number;
  /**
   * For each pending change that was applied to this bucket and may still exist: whether the bucket counts its channel.
   */
  appliedIds: Record<string, boolean>;
  /** No channel that the bucket counts has a higher id. It is less than the end of the range only in the last bucket. */
  highestId: string;
  /** Identifies the next bucket. Absent in the last bucket. */
  link?: number;
}

/** The applied ids for which `isHere` holds. */
export const appliedWhere = (
  appliedIds: CountBucket['appliedIds'],
  isHere: (id: string) => boolean,
): CountBucket['appliedIds'] => Object.fromEntries(Object.entries(appliedIds).filter(([id]) => isHere(id)));

const partitionOf = (namespace: string) => `BUCKET#${namespace}`;

/** The namespace in the partition key of buckets, or undefined for any other partition key. */
export const namespaceOfBucket = (partition: string): string | undefined =>
  /^BUCKET#(.+)$/.exec(partition)?.[1];

export const bucketKey = (namespace: string, first: string) => ({ pk: partitionOf(namespace), sk: first });

/** The link to a bucket: the last digits of its first id. They are random. */
export const linkTo = (first: string): number => Number.parseInt(first.slice(-6), 16);

/** The item of a bucket. The attribute names are short, because readers pay for every byte. */
export const bucketItem = (
  namespace: string,
  { first, count, version, appliedIds, highestId, link }: Omit<CountBucket, 'last'>,
): Item => ({
  ...bucketKey(namespace, first),
  n: count,
  v: version,
  ...(link === undefined ? { h: highestId } : { l: link }),
  ...(Object.keys(appliedIds).length && { a: appliedIds }),
});

/** A query for the buckets that begin within a range. */
export const bucketsStartingIn = (namespace: string, { first, last }: IdRange) => ({
  KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
  ExpressionAttributeValues: { ':pk': partitionOf(namespace), ':first': first, ':last': last },
  ConsistentRead: true,
});

/** Stands for all ids if no bucket is stored. */
const emptyBucket: Item = { sk: allIds.first, n: 0, v: 0, h: allIds.first };

/** Converts items to buckets. The items must be those of consecutive buckets, in order and without gaps. */
export const toBuckets = (items: Item[]): CountBucket[] => {
  const stored = items.length ? items : [emptyBucket];
  return stored.map(({ sk, n, v, a = {}, h, l }, index) => {
    const next = stored[index + 1];
    const last = next ? below(next.sk as string, allIds).last : allIds.last;
    return {
      first: sk as string,
      last,
      count: n as number,
      version: v as number,
      appliedIds: a as CountBucket['appliedIds'],
      highestId: (h ?? last) as string,
      ...(l !== undefined && { link: l as number }),
    };
  });
};

/**
 * Whether buckets were read in one consistent state. A Query may read one bucket before a transaction and the next one
 * after it ("read-committed", Amazon DynamoDB Developer Guide, "Transactions: How it works"). Then a link does not
 * match the next bucket.
 */
export const areLinked = (buckets: CountBucket[]): boolean =>
  buckets.every(({ link }, index) => {
    const next = buckets[index + 1];
    return !next || link === linkTo(next.first);
  });
