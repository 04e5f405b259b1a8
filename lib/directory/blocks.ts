import { below, everyId, type IdRange } from '../channels/id-range.ts';
import type { Item } from '../dynamodb/failures.ts';

/**
 * How many channels a block counts before the next is begun. With 128, reading all blocks of 100,000 channels costs 8.5
 * read units, and counting a part of one, at 289 bytes a channel, at most 9: another size makes one of the two cost more.
 */
export const blockSize = 128;

/** The ids up to the next block, and how many channels the namespace has of them. */
export interface Block extends IdRange {
  count: number;
  /** Grows with every change; 0 where the block is not stored. */
  version: number;
}

const partitionOf = (namespace: string) => `BLOCKS#${namespace}`;

/** A block's item. Its names are short, since what is read is paid by the byte. */
export const blockItem = (namespace: string, first: string, count: number, version: number) => ({
  ...blockKey(namespace, first),
  n: count,
  v: version,
});

export const blockKey = (namespace: string, first: string) => ({ pk: partitionOf(namespace), sk: first });

/** A query for the blocks that begin in a range. */
export const blocksBeginningIn = (namespace: string, { first, last }: IdRange) => ({
  KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
  ExpressionAttributeValues: { ':pk': partitionOf(namespace), ':first': first, ':last': last },
  ConsistentRead: true,
});

/**
 * The blocks that items tell of, in their order and without a gap, up to the end of a range. Where none is stored, one
 * of no channels stands for all.
 */
export const toBlocks = (items: Item[], last: string = everyId.last): Block[] => {
  const stored = items.map(({ sk, n, v }) => ({
    first: sk as string,
    count: n as number,
    version: v as number,
  }));
  const all = stored.length ? stored : [{ first: everyId.first, count: 0, version: 0 }];
  return all.map((block, index) => {
    const next = all[index + 1];
    return { ...block, last: next ? below(next.first, everyId).last : last };
  });
};
