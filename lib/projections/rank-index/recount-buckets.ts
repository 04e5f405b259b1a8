import { above, type IdRange, isEmpty } from '../../channels/id-range.ts';
import { channelsIn } from '../../channels/keys.ts';
import { readMarks } from '../../channels/pending-change.ts';
import { attempts } from '../../dynamodb/retry.ts';
import { pages } from '../../dynamodb/pages.ts';
import { ApiError } from '../../errors.ts';
import { readBlock, replace, stillMarked } from './bucket-store.ts';
import { type Block, blockSize, linkTo, settledWhere } from './count-bucket.ts';
import type { Tables } from '../channel-tables.ts';

/**
 * The ids that a block counts, in their order, some at a time. Marks are read behind the channels that they stand beside: a
 * channel that was created meanwhile has one by then. Whoever settles one meanwhile changes the block's version, on which
 * depends whatever is written by this.
 */
async function* readCounted(
  { channels }: Tables,
  namespace: string,
  { first, last, settled }: Block,
  atOnce?: number,
): AsyncGenerator<string[]> {
  const query = { ...channelsIn(namespace, { first, last }), ProjectionExpression: 'sk', Limit: atOnce };
  let left: IdRange = { first, last };
  for await (const { items, lastKey } of pages(channels, query)) {
    const end = (lastKey?.sk as string | undefined) ?? last;
    const marks = await readMarks(channels, namespace, { first: left.first, last: end }, pages);
    const marked = new Set(marks.map(({ id }) => id));
    const counted = marks.filter((mark) => settled[mark.id] ?? mark.counted).map(({ id }) => id);
    const unmarked = items.map(({ sk }) => sk as string).filter((id) => !marked.has(id));
    yield [...counted, ...unmarked].sort();
    left = above(end, left);
    if (isEmpty(left)) return;
  }
}

/**
 * Takes a full block out of an id's block that counts twice as many, reading no more than that: behind what a block counts
 * there may be any number of channels that it doesn't know yet. What it takes out is believed when it comes out the same
 * twice, since a channel may be seen a moment before its mark. Where others change the block with every try, it stays as it
 * is until it is next added to.
 */
export const divide = async (tables: Tables, namespace: string, id: string): Promise<void> => {
  let before: string | undefined;
  for await (const _ of attempts(tables.directory.signal)) {
    const block = await readBlock(tables, namespace, id);
    const ids: string[] = [];
    for await (const some of readCounted(tables, namespace, block, 2 * blockSize)) {
      ids.push(...some);
      if (ids.length > blockSize) break;
    }
    const boundary = ids[blockSize];
    if (block.count < 2 * blockSize || boundary === undefined) return;
    const found = ids.slice(0, blockSize + 1).join();
    const isConfirmed = found === before;
    before = found;
    if (!isConfirmed) continue;
    const { settled } = block;
    const parts = [
      {
        ...block,
        count: blockSize,
        settled: settledWhere(settled, (other) => other < boundary),
        link: linkTo(boundary),
      },
      {
        ...block,
        first: boundary,
        count: block.count - blockSize,
        settled: settledWhere(settled, (other) => other >= boundary),
      },
    ];
    if (await replace(tables, namespace, block, parts)) return;
  }
};

/** Blocks that one transaction writes at most; the last of them takes all that is left. */
const mostBlocks = 99;

const inParts = (ids: string[]): string[][] => {
  const parts: string[][] = [ids.slice(0, blockSize)];
  for (let start = blockSize; start < ids.length; start += blockSize)
    parts.push(ids.slice(start, parts.length === mostBlocks - 1 ? ids.length : start + blockSize));
  return parts.slice(0, mostBlocks);
};

/** What takes the place of a block that counts these channels: full blocks, of which the first begins where it does. */
const partsOf = (block: Block, settled: Block['settled'], ids: string[]): Block[] => {
  const parts = inParts(ids);
  const firstOf = (index: number) => (index === 0 ? block.first : (parts[index]?.[0] as string));
  return parts.map((part, index) => {
    const next = index + 1 < parts.length ? firstOf(index + 1) : undefined;
    const isHere = (id: string) => (index === 0 || firstOf(index) <= id) && (next === undefined || id < next);
    return {
      ...block,
      first: firstOf(index),
      highest: part.at(-1) ?? block.first,
      count: part.length,
      settled: settledWhere(settled, isHere),
      ...(next !== undefined && { link: linkTo(next) }),
    };
  });
};

/**
 * Counts the channels of an id's block anew, and divides it into full ones. What 99 blocks don't hold stays in the last.
 * Where the count is another than the block's, it is believed when it comes out the same twice: a channel may be seen a
 * moment before its mark.
 * @returns whether the count was wrong, or the block too large
 * @throws ApiError `conflict` where it changed with every try.
 */
export const recount = async (tables: Tables, namespace: string, id: string): Promise<boolean> => {
  let before: string | undefined;
  for await (const _ of attempts(tables.directory.signal)) {
    const block = await readBlock(tables, namespace, id);
    const ids: string[] = [];
    for await (const some of readCounted(tables, namespace, block)) ids.push(...some);
    const settled = await stillMarked(tables, namespace, block.settled);
    const isUpToDate = Object.keys(settled).length === Object.keys(block.settled).length;
    const isRight = ids.length === block.count && ids.length <= blockSize;
    if (isRight && isUpToDate) return false;
    const isConfirmed = ids.length === block.count || ids.join() === before;
    before = ids.join();
    if (isConfirmed && (await replace(tables, namespace, block, partsOf(block, settled, ids))))
      return !isRight;
  }
  throw new ApiError('conflict', 'The channels are changing too fast to be counted: try again in a moment.');
};
