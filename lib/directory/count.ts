import { above, everyId, type IdRange, isEmpty } from '../channels/id-range.ts';
import { partitionOf } from '../channels/keys.ts';
import { attempts } from '../dynamodb/attempts.ts';
import { TransactionRefused } from '../dynamodb/failures.ts';
import { pages, readFirst } from '../dynamodb/pages.ts';
import type { Write } from '../dynamodb/table.ts';
import { ApiError } from '../errors.ts';
import { type Block, blockItem, blockKey, blockSize, blocksBeginningIn, toBlocks } from './blocks.ts';
import { findBlock } from './census.ts';
import { isSame, readMarks } from './mark.ts';
import type { Tables } from './tables.ts';

const isStillAt = (version: number) =>
  version === 0
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : { ConditionExpression: 'v = :v', ExpressionAttributeValues: { ':v': version } };

/** The block of an id, with where the next one begins. */
export const readBlock = async ({ directory }: Tables, namespace: string, id: string): Promise<Block> => {
  const found = await findBlock(directory, namespace, id);
  const start = (found?.sk as string | undefined) ?? everyId.first;
  const behind = blocksBeginningIn(namespace, above(id, everyId));
  const [next] = isEmpty(above(id, everyId)) ? [] : await readFirst(directory, behind, 1);
  const [block] = toBlocks([found ?? blockItem(namespace, start, 0, 0), ...(next ? [next] : [])]);
  return block as Block;
};

const channelsIn = (namespace: string, { first, last }: IdRange) => ({
  KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
  ExpressionAttributeValues: { ':pk': partitionOf(namespace), ':first': first, ':last': last },
  ProjectionExpression: 'sk',
  ConsistentRead: true,
});

/** Whether the blocks count no channel of a range. */
const isUncounted = async ({ channels }: Tables, namespace: string, range: IdRange): Promise<boolean> => {
  if (isEmpty(range)) return true;
  const marks = await readMarks(channels, namespace, range);
  if (marks.some(({ counted }) => counted)) return false;
  const fresh = new Set(marks.map(({ id }) => id));
  const found = await readFirst(channels, channelsIn(namespace, range), fresh.size + 1);
  return found.every(({ sk }) => fresh.has(sk as string));
};

/**
 * The writes by which the blocks take a channel in, or let it go. They are refused where its block has changed since. A
 * block that is full is left as it is where the channel stands behind all that it counts, as new ones do; one that has
 * become twice as large by channels that joined later is divided first.
 */
export const countChannel = async (
  tables: Tables,
  namespace: string,
  id: string,
  by: 1 | -1,
): Promise<Write[]> => {
  const TableName = tables.directory.name;
  const block = await readBlock(tables, namespace, id);
  const { first, last, count, version } = block;
  const Key = blockKey(namespace, first);
  if (by === -1 && count === 1 && first !== everyId.first)
    return [{ Delete: { TableName, Key, ...isStillAt(version) } }];
  if (by === 1 && count >= blockSize) {
    if (first < id && (await isUncounted(tables, namespace, { first: id, last })))
      return [
        // Another version, though it counts as many: who counts it anew must know that it ends earlier now.
        { Put: { TableName, Item: blockItem(namespace, first, count, version + 1), ...isStillAt(version) } },
        { Put: { TableName, Item: blockItem(namespace, id, 1, 1), ...isStillAt(0) } },
      ];
    if (count >= 2 * blockSize) {
      await recount(tables, namespace, id);
      return countChannel(tables, namespace, id, by);
    }
  }
  return [
    { Put: { TableName, Item: blockItem(namespace, first, count + by, version + 1), ...isStillAt(version) } },
  ];
};

/** The ids that the blocks count in a range, or nothing where they changed while they were read. */
const readCounted = async (
  { channels }: Tables,
  namespace: string,
  range: IdRange,
): Promise<string[] | undefined> => {
  const marks = await readMarks(channels, namespace, range);
  const marked = new Set(marks.map(({ id }) => id));
  const counted = marks.filter((mark) => mark.counted).map(({ id }) => id);
  for await (const page of pages(channels, channelsIn(namespace, range)))
    counted.push(...page.items.map(({ sk }) => sk as string).filter((id) => !marked.has(id)));
  return isSame(marks, await readMarks(channels, namespace, range)) ? counted.sort() : undefined;
};

/** Blocks that one transaction writes at most; the last of them takes all that is left. */
const mostBlocks = 99;

const divide = (ids: string[]): string[][] => {
  const parts: string[][] = [ids.slice(0, blockSize)];
  for (let start = blockSize; start < ids.length; start += blockSize)
    parts.push(ids.slice(start, parts.length === mostBlocks - 1 ? ids.length : start + blockSize));
  return parts.slice(0, mostBlocks);
};

/**
 * Counts the channels of an id's block anew, and divides it into full ones. What 99 blocks don't hold stays in the last.
 * @returns whether that changed anything
 * @throws ApiError `conflict` where it changed with every try.
 */
export const recount = async (tables: Tables, namespace: string, id: string): Promise<boolean> => {
  const { directory } = tables;
  for await (const _ of attempts(directory.signal)) {
    const { first, last, version, count } = await readBlock(tables, namespace, id);
    const ids = await readCounted(tables, namespace, { first, last });
    if (!ids) continue;
    const [lowest = [], ...others] = divide(ids);
    if (!others.length && lowest.length === count) return false;
    try {
      await directory.transact(() => [
        { Put: { Item: blockItem(namespace, first, lowest.length, version + 1), ...isStillAt(version) } },
        ...others.map((part) => ({
          Put: { Item: blockItem(namespace, part[0] as string, part.length, 1), ...isStillAt(0) },
        })),
      ]);
      return true;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
    }
  }
  throw new ApiError('conflict', 'The channels are changing too fast to be counted: try again in a moment.');
};
