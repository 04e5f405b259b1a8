import { below, allIds, type IdRange } from '../../channels/id-range.ts';
import type { Item } from '../../dynamodb/item.ts';

/**
 * How many channels a block counts before the next is begun. With 128, reading all blocks of 100,000 channels costs 10 read
 * units, and passing over a part of one, at 289 bytes a channel, at most 7: another size makes one of the two cost more.
 */
export const bucketSize = 128;

/** The ids up to the next block, and how many channels the namespace has of them. */
export interface CountBucket extends IdRange {
  count: number;
  /** Grows with every change; 0 where the block is not stored. */
  version: number;
  /** The channels that were settled here and may still have their marks: whether the block counts them. */
  appliedIds: Record<string, boolean>;
  /** No channel that it counts has a higher id. Only the last of all blocks knows better than by where it ends. */
  highestId: string;
  /** Tells the block that comes next; absent where none does. */
  link?: number;
}

/** What a block remembers of some of the channels. */
export const appliedWhere = (appliedIds: CountBucket['appliedIds'], isHere: (id: string) => boolean): CountBucket['appliedIds'] =>
  Object.fromEntries(Object.entries(appliedIds).filter(([id]) => isHere(id)));

const partitionOf = (namespace: string) => `BLOCKS#${namespace}`;

export const bucketKey = (namespace: string, first: string) => ({ pk: partitionOf(namespace), sk: first });

/** What a block knows of the one behind it: the last digits of its first id, which are drawn at random. */
export const linkTo = (first: string): number => Number.parseInt(first.slice(-6), 16);

/** A block's item. Its names are short, since what is read is paid by the byte. */
export const bucketItem = (
  namespace: string,
  { first, count, version, appliedIds, highestId, link }: Omit<CountBucket, 'last'>,
): Item => ({
  ...bucketKey(namespace, first),
  n: count,
  v: version,
  ...(link === undefined ? { h: highestId } : { l: link }),
  ...(Object.keys(appliedIds).length && { d: appliedIds }),
});

/** A query for the blocks that begin in a range. */
export const bucketsStartingIn = (namespace: string, { first, last }: IdRange) => ({
  KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
  ExpressionAttributeValues: { ':pk': partitionOf(namespace), ':first': first, ':last': last },
  ConsistentRead: true,
});

/** Where no block is stored, one of no channels stands for all. */
const emptyBucket: Item = { sk: allIds.first, n: 0, v: 0, h: allIds.first };

/** The blocks that items tell of, in their order and without a gap. */
export const toBuckets = (items: Item[]): CountBucket[] => {
  const stored = items.length ? items : [emptyBucket];
  return stored.map(({ sk, n, v, d = {}, h, l }, index) => {
    const next = stored[index + 1];
    const last = next ? below(next.sk as string, allIds).last : allIds.last;
    return {
      first: sk as string,
      last,
      count: n as number,
      version: v as number,
      settled: d as CountBucket['appliedIds'],
      highest: (h ?? last) as string,
      ...(l !== undefined && { link: l as number }),
    };
  });
};

/**
 * Whether blocks that follow each other were read as they stood together. A query may read one block before a transaction
 * and another after it ("read-committed", Amazon DynamoDB Transactions: How it works); then a link leads elsewhere.
 */
export const areLinked = (buckets: CountBucket[]): boolean =>
  buckets.every(({ link }, index) => {
    const next = buckets[index + 1];
    return !next || link === linkTo(next.first);
  });
