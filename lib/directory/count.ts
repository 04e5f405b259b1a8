import { below, everyId } from '../channels/id-range.ts';
import { channelsIn } from '../channels/keys.ts';
import { isSame, type Mark, markKey, readMarks } from '../channels/mark.ts';
import { attempts } from '../dynamodb/attempts.ts';
import { TransactionRefused } from '../dynamodb/failures.ts';
import { pages, readFirst } from '../dynamodb/pages.ts';
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
  const kept: Block['settled'] = {};
  for (const [id, isCounted] of Object.entries(settled))
    if (await channels.get(markKey(namespace, id))) kept[id] = isCounted;
  return kept;
};

/** Whether a block counts no channel from an id on. */
const isUncountedFrom = async (
  { channels }: Tables,
  namespace: string,
  id: string,
  { last, settled }: Block,
): Promise<boolean> => {
  const range = { first: id, last };
  const marks = await readMarks(channels, namespace, range, pages);
  if (marks.some((mark) => settled[mark.id] ?? mark.counted)) return false;
  const fresh = new Set(marks.map((mark) => mark.id));
  const found = await readFirst(
    channels,
    { ...channelsIn(namespace, range), ProjectionExpression: 'sk' },
    fresh.size + 1,
  );
  // One that was counted may have gone between the two readings.
  const isCertain = isSame(marks, await readMarks(channels, namespace, range, pages));
  return isCertain && found.every(({ sk }) => fresh.has(sk as string));
};

const settledWhere = (settled: Block['settled'], isHere: (id: string) => boolean): Block['settled'] =>
  Object.fromEntries(Object.entries(settled).filter(([id]) => isHere(id)));

/**
 * The writes by which the blocks take in the channel of a mark, or let it go; none where its block has done so already.
 * They are refused where the block has changed since. A block that is full is left as it is where the channel stands behind
 * all that it counts, as new ones do; one that has become twice as large by channels that joined later is divided first.
 */
export const countChannel = async (tables: Tables, namespace: string, mark: Mark): Promise<Write[]> => {
  const { id, target, counted } = mark;
  const TableName = tables.directory.name;
  const block = await readBlock(tables, namespace, id);
  const { first, count, version } = block;
  const isThere = target !== undefined;
  if (isThere === (block.settled[id] ?? counted)) return [];
  const settled = await stillMarked(tables, namespace, block.settled);
  const put = (changed: Partial<Block>): Write => ({
    Put: {
      TableName,
      Item: blockItem(namespace, { ...block, settled, version: version + 1, ...changed }),
      ...isStillAt(version),
    },
  });
  if (isThere && count >= blockSize) {
    if (first < id && (await isUncountedFrom(tables, namespace, id, block))) {
      const before = settledWhere(settled, (other) => other < id);
      const behind = settledWhere(settled, (other) => other >= id);
      const next = { ...block, first: id, count: 1, version: 1, settled: { ...behind, [id]: true } };
      return [
        put({ settled: before, link: linkTo(id) }),
        { Put: { TableName, Item: blockItem(namespace, next), ...isStillAt(0) } },
      ];
    }
    if (count >= 2 * blockSize) {
      await recount(tables, namespace, id);
      return countChannel(tables, namespace, mark);
    }
  }
  return [put({ count: count + (isThere ? 1 : -1), settled: { ...settled, [id]: isThere } })];
};

/** The ids that a block counts, or nothing where its channels changed while they were read. */
const readCounted = async (
  { channels }: Tables,
  namespace: string,
  { first, last, settled }: Block,
): Promise<string[] | undefined> => {
  const range = { first, last };
  const marks = await readMarks(channels, namespace, range, pages);
  const marked = new Set(marks.map(({ id }) => id));
  const counted = marks.filter((mark) => settled[mark.id] ?? mark.counted).map(({ id }) => id);
  for await (const page of pages(channels, { ...channelsIn(namespace, range), ProjectionExpression: 'sk' }))
    counted.push(...page.items.map(({ sk }) => sk as string).filter((id) => !marked.has(id)));
  return isSame(marks, await readMarks(channels, namespace, range, pages)) ? counted.sort() : undefined;
};

/** Blocks that one transaction writes at most; the last of them takes all that is left. */
const mostBlocks = 99;

const divide = (ids: string[]): string[][] => {
  const parts: string[][] = [ids.slice(0, blockSize)];
  for (let start = blockSize; start < ids.length; start += blockSize)
    parts.push(ids.slice(start, parts.length === mostBlocks - 1 ? ids.length : start + blockSize));
  return parts.slice(0, mostBlocks);
};

/** What takes the place of a block that counts these channels: full blocks, of which the first begins where it does. */
const partsOf = (block: Block, settled: Block['settled'], ids: string[]): Omit<Block, 'last'>[] => {
  const parts = divide(ids);
  const firstOf = (index: number) => (index === 0 ? block.first : (parts[index]?.[0] as string));
  return parts.map((part, index) => {
    const next = index + 1 < parts.length ? firstOf(index + 1) : undefined;
    const link = next === undefined ? block.link : linkTo(next);
    const isHere = (id: string) => (index === 0 || firstOf(index) <= id) && (next === undefined || id < next);
    return {
      first: firstOf(index),
      count: part.length,
      version: index === 0 ? block.version + 1 : 1,
      settled: settledWhere(settled, isHere),
      ...(link !== undefined && { link }),
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
  const { directory } = tables;
  let before: string | undefined;
  for await (const _ of attempts(directory.signal)) {
    const block = await readBlock(tables, namespace, id);
    const ids = await readCounted(tables, namespace, block);
    if (!ids) continue;
    const settled = await stillMarked(tables, namespace, block.settled);
    const isUpToDate = Object.keys(settled).length === Object.keys(block.settled).length;
    const isRight = ids.length === block.count && ids.length <= blockSize;
    if (isRight && isUpToDate) return false;
    const isConfirmed = ids.length === block.count || ids.join() === before;
    before = ids.join();
    if (!isConfirmed) continue;
    const [lowest, ...others] = partsOf(block, settled, ids);
    try {
      await directory.transact(() => [
        { Put: { Item: blockItem(namespace, lowest as Block), ...isStillAt(block.version) } },
        ...others.map((part) => ({ Put: { Item: blockItem(namespace, part), ...isStillAt(0) } })),
      ]);
      return !isRight;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
    }
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
