import { above, below, everyId, isEmpty } from '../../channels/id-range.ts';
import { markKey, toMark } from '../../channels/pending-change.ts';
import { TransactionRefused } from '../../dynamodb/failures.ts';
import type { Item } from '../../dynamodb/item.ts';
import { readFirst } from '../../dynamodb/pages.ts';
import type { Table, Write } from '../../dynamodb/table.ts';
import { type Block, blockItem, blockKey, blocksBeginningIn, settledWhere, toBlocks } from './count-bucket.ts';
import type { Tables } from '../channel-tables.ts';

const isStillAt = (version: number) =>
  version === 0
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : { ConditionExpression: 'v = :v', ExpressionAttributeValues: { ':v': version } };

/** The stored block in which an id lies, or nothing where there are no blocks yet. */
export const findBlock = async (
  directory: Table,
  namespace: string,
  id: string,
): Promise<Item | undefined> => {
  const upToIt = blocksBeginningIn(namespace, { first: everyId.first, last: id });
  const [item] = await readFirst(directory, { ...upToIt, ScanIndexForward: false }, 1);
  return item;
};

/** The stored block that begins next behind an id. */
export const findNextBlock = async (
  directory: Table,
  namespace: string,
  id: string,
): Promise<Item | undefined> => {
  const behind = above(id, everyId);
  const [item] = isEmpty(behind) ? [] : await readFirst(directory, blocksBeginningIn(namespace, behind), 1);
  return item;
};

/** The block of an id, with where the next one begins. */
export const readBlock = async ({ directory }: Tables, namespace: string, id: string): Promise<Block> => {
  const found = await findBlock(directory, namespace, id);
  const next = await findNextBlock(directory, namespace, id);
  const [block] = toBlocks([...(found ? [found] : []), ...(next ? [next] : [])]);
  return block as Block;
};

/** What a block has to remember of those that were settled in it: whose mark is gone needs no word any more. */
export const stillMarked = async (
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

/** Blocks as they stand when they have taken the place of another, of which the first begins where it does. */
export const stored = ({ version }: Block, parts: Block[]): Block[] =>
  parts.map((part, index) => ({ ...part, version: index === 0 ? version + 1 : 1 }));

/** The writes by which they do, refused where it has changed since it was read. */
export const putsOf = ({ directory }: Tables, namespace: string, block: Block, parts: Block[]): Write[] =>
  stored(block, parts).map((part, index) => ({
    Put: {
      TableName: directory.name,
      Item: blockItem(namespace, part),
      ...isStillAt(index === 0 ? block.version : 0),
    },
  }));

/** Puts others in the place of a block. @returns whether it was done; not where it has changed since it was read */
export const replace = async (
  tables: Tables,
  namespace: string,
  block: Block,
  parts: Block[],
): Promise<boolean> => {
  try {
    await tables.directory.transact(() => putsOf(tables, namespace, block, parts));
    return true;
  } catch (error) {
    if (error instanceof TransactionRefused) return false;
    throw error;
  }
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
