import { above, below, everyId, type IdRange } from '../channels/id-range.ts';
import { channelsIn } from '../channels/keys.ts';
import { type Mark, markKey, readMarks, toMark } from '../channels/mark.ts';
import { attempts } from '../dynamodb/attempts.ts';
import { TransactionRefused } from '../dynamodb/failures.ts';
import { pages } from '../dynamodb/pages.ts';
import type { Write } from '../dynamodb/table.ts';
import { ApiError } from '../errors.ts';
import { type Block, blockItem, blockKey, blockSize, linkTo, toBlocks } from './blocks.ts';
import { findBlock, findNextBlock } from './census.ts';
import type { Tables } from './tables.ts';

const isStillAt = (version: number) =>
  version === 0
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : { ConditionExpression: 'v = :v', ExpressionAttributeValues: { ':v': version } };

/** The block of an id, with where the next one begins. */
export const readBlock = async ({ directory }: Tables, namespace: string, id: string): Promise<Block> => {
  const found = await findBlock(directory, namespace, id);
  const next = await findNextBlock(directory, namespace, id);
  const [block] = toBlocks([...(found ? [found] : []), ...(next ? [next] : [])]);
  return block as Block;
};

/** What a block has to remember of those that were settled in it: whose mark is gone needs no word any more. */
const stillMarked = async (
  { channels }: Tables,
  namespace: string,
  settled: Block['settled'],
): Promise<Block['settled']> => {
  const ids = Object.keys(settled);
  if (!ids.length) return {};
  const marks = await channels.batchGet(ids.map((id) => markKey(namespace, id)));
  const marked = new Set(marks.map((item) => toMark(item).id));
  return settledWhere(settled, (id) => marked.has(id));
};

const settledWhere = (settled: Block['settled'], isHere: (id: string) => boolean): Block['settled'] =>
  Object.fromEntries(Object.entries(settled).filter(([id]) => isHere(id)));

/**
 * The writes by which the blocks take in the channel of a mark, or let it go; none where its block has done so already.
 * They are refused where the block has changed since. A block that is full is left as it is where the channel stands behind
 * all that it counts, as new ones do; one that has become twice as large by channels that came later is divided first.
 */
export const countChannel = async (tables: Tables, namespace: string, mark: Mark): Promise<Write[]> => {
  const { id, target, counted } = mark;
  const isThere = target !== undefined;
  let block = await readBlock(tables, namespace, id);
  if (isThere === (block.settled[id] ?? counted)) return [];
  if (isThere && block.count >= 2 * blockSize) {
    await divide(tables, namespace, id);
    block = await readBlock(tables, namespace, id);
  }
  const { count, highest, version } = block;
  const settled = await stillMarked(tables, namespace, block.settled);
  const put = (changed: Partial<Block>): Write => ({
    Put: {
      TableName: tables.directory.name,
      Item: blockItem(namespace, { ...block, settled, version: version + 1, ...changed }),
      ...isStillAt(version),
    },
  });
  if (!isThere) return [put({ count: count - 1, settled: { ...settled, [id]: false } })];
  if (count < blockSize || id <= highest)
    return [
      put({
        count: count + 1,
        settled: { ...settled, [id]: true },
        highest: id > highest ? id : highest,
      }),
    ];
  const behind = settledWhere(settled, (other) => other > id);
  const next = { ...block, first: id, highest: id, count: 1, version: 1, settled: { ...behind, [id]: true } };
  return [
    put({ settled: settledWhere(settled, (other) => other < id), link: linkTo(id) }),
    { Put: { TableName: tables.directory.name, Item: blockItem(namespace, next), ...isStillAt(0) } },
  ];
};

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
  }
}

/**
 * Puts others in the place of a block, of which the first begins where it does.
 * @returns whether it was done; not where the block has changed since it was read
 */
const replace = async (
  { directory }: Tables,
  namespace: string,
  { version }: Block,
  [lowest, ...others]: Omit<Block, 'last'>[],
): Promise<boolean> => {
  try {
    await directory.transact(() => [
      {
        Put: {
          Item: blockItem(namespace, { ...(lowest as Block), version: version + 1 }),
          ...isStillAt(version),
        },
      },
      ...others.map((part) => ({
        Put: { Item: blockItem(namespace, { ...part, version: 1 }), ...isStillAt(0) },
      })),
    ]);
    return true;
  } catch (error) {
    if (error instanceof TransactionRefused) return false;
    throw error;
  }
};

/**
 * Takes a full block out of an id's block that counts twice as many, reading no more than that: behind what a block counts
 * there may be any number of channels that it doesn't know yet. What it takes out is believed when it comes out the same
 * twice, since a channel may be seen a moment before its mark. Where others change the block with every try, it stays as it
 * is until it is next added to.
 */
const divide = async (tables: Tables, namespace: string, id: string): Promise<void> => {
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
    const isConfirmed = ids.slice(0, blockSize + 1).join() === before;
    before = ids.slice(0, blockSize + 1).join();
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
const partsOf = (block: Block, settled: Block['settled'], ids: string[]): Omit<Block, 'last'>[] => {
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

/**
 * Removes the block of an id where it counts nothing, unless it is the first: that before it then goes on to the next.
 * @returns whether it was removed; not where something changed meanwhile
 */
export const removeEmpty = async (tables: Tables, namespace: string, id: string): Promise<boolean> => {
  const { directory } = tables;
  const { first, count, version, settled, link } = await readBlock(tables, namespace, id);
  if (count > 0 || first === everyId.first) return false;
  if (Object.keys(await stillMarked(tables, namespace, settled)).length) return false;
  const { link: _, ...previous } = await readBlock(tables, namespace, below(first, everyId).last);
  const extended = { ...previous, version: previous.version + 1, ...(link !== undefined && { link }) };
  try {
    await directory.transact(() => [
      { Delete: { Key: blockKey(namespace, first), ...isStillAt(version) } },
      { Put: { Item: blockItem(namespace, extended), ...isStillAt(previous.version) } },
    ]);
    return true;
  } catch (error) {
    if (error instanceof TransactionRefused) return false;
    throw error;
  }
};
