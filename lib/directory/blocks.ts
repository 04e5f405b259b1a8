import { below, everyId, type IdRange } from '../channels/id-range.ts';
import type { Item } from '../dynamodb/failures.ts';

/**
 * How many channels a block counts before the next is begun. With 128, reading all blocks of 100,000 channels costs 10 read
 * units, and passing over a part of one, at 289 bytes a channel, at most 7: another size makes one of the two cost more.
 */
export const blockSize = 128;

/** The ids up to the next block, and how many channels the namespace has of them. */
export interface Block extends IdRange {
  count: number;
  /** Grows with every change; 0 where the block is not stored. */
  version: number;
  /** The channels that were settled here and may still have their marks: whether the block counts them. */
  settled: Record<string, boolean>;
  /** Tells the block that comes next; absent where none does. */
  link?: number;
}

const partitionOf = (namespace: string) => `BLOCKS#${namespace}`;

export const blockKey = (namespace: string, first: string) => ({ pk: partitionOf(namespace), sk: first });

/** What a block knows of the one behind it: the last digits of its first id, which are drawn at random. */
export const linkTo = (first: string): number => Number.parseInt(first.slice(-6), 16);

/** A block's item. Its names are short, since what is read is paid by the byte. */
export const blockItem = (
  namespace: string,
  { first, count, version, settled, link }: Omit<Block, 'last'>,
): Item => ({
  ...blockKey(namespace, first),
  n: count,
  v: version,
  ...(link !== undefined && { l: link }),
  ...(Object.keys(settled).length && { d: settled }),
});

/** A query for the blocks that begin in a range. */
export const blocksBeginningIn = (namespace: string, { first, last }: IdRange) => ({
  KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
  ExpressionAttributeValues: { ':pk': partitionOf(namespace), ':first': first, ':last': last },
  ConsistentRead: true,
});

const none: Omit<Block, 'last'> = { first: everyId.first, count: 0, version: 0, settled: {} };

/** The blocks that items tell of, in their order and without a gap. Where none is stored, one of no channels stands for all. */
export const toBlocks = (items: Item[]): Block[] => {
  const stored = items.map(
    ({ sk, n, v, d = {}, l }): Omit<Block, 'last'> => ({
      first: sk as string,
      count: n as number,
      version: v as number,
      settled: d as Block['settled'],
      ...(l !== undefined && { link: l as number }),
    }),
  );
  const all = stored.length ? stored : [none];
  return all.map((block, index) => {
    const next = all[index + 1];
    return { ...block, last: next ? below(next.first, everyId).last : everyId.last };
  });
};

/**
 * Whether blocks that follow each other were read as they stood together. A query may read one block before a transaction
 * and another after it ("read-committed", Amazon DynamoDB Transactions: How it works); then a link leads elsewhere.
 */
export const areLinked = (blocks: Block[]): boolean =>
  blocks.every(({ link }, index) => {
    const next = blocks[index + 1];
    return !next || link === linkTo(next.first);
  });
