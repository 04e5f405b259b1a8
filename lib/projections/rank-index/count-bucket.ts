import { below, everyId, type IdRange } from '../../channels/id-range.ts';
import type { Item } from '../../dynamodb/item.ts';

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
  /** No channel that it counts has a higher id. Only the last of all blocks knows better than by where it ends. */
  highest: string;
  /** Tells the block that comes next; absent where none does. */
  link?: number;
}

/** What a block remembers of some of the channels. */
export const settledWhere = (settled: Block['settled'], isHere: (id: string) => boolean): Block['settled'] =>
  Object.fromEntries(Object.entries(settled).filter(([id]) => isHere(id)));

const partitionOf = (namespace: string) => `BLOCKS#${namespace}`;

export const blockKey = (namespace: string, first: string) => ({ pk: partitionOf(namespace), sk: first });

/** What a block knows of the one behind it: the last digits of its first id, which are drawn at random. */
export const linkTo = (first: string): number => Number.parseInt(first.slice(-6), 16);

/** A block's item. Its names are short, since what is read is paid by the byte. */
export const blockItem = (
  namespace: string,
  { first, count, version, settled, highest, link }: Omit<Block, 'last'>,
): Item => ({
  ...blockKey(namespace, first),
  n: count,
  v: version,
  ...(link === undefined ? { h: highest } : { l: link }),
  ...(Object.keys(settled).length && { d: settled }),
});

/** A query for the blocks that begin in a range. */
export const blocksBeginningIn = (namespace: string, { first, last }: IdRange) => ({
  KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
  ExpressionAttributeValues: { ':pk': partitionOf(namespace), ':first': first, ':last': last },
  ConsistentRead: true,
});

/** Where no block is stored, one of no channels stands for all. */
const unstored: Item = { sk: everyId.first, n: 0, v: 0, h: everyId.first };

/** The blocks that items tell of, in their order and without a gap. */
export const toBlocks = (items: Item[]): Block[] => {
  const stored = items.length ? items : [unstored];
  return stored.map(({ sk, n, v, d = {}, h, l }, index) => {
    const next = stored[index + 1];
    const last = next ? below(next.sk as string, everyId).last : everyId.last;
    return {
      first: sk as string,
      last,
      count: n as number,
      version: v as number,
      settled: d as Block['settled'],
      highest: (h ?? last) as string,
      ...(l !== undefined && { link: l as number }),
    };
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
