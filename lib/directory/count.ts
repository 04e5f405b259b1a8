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

/** Holds that a mark is still the one that was read. */
export const isStill = (namespace: string, { id, token }: Mark) => ({
  ConditionCheck: {
    Key: markKey(namespace, id),
    ConditionExpression: '#token = :token',
    ExpressionAttributeNames: { '#token': 'token' },
    ExpressionAttributeValues: { ':token': token },
  },
});

/** Blocks as they stand when they have taken the place of another, of which the first begins where it does. */
const stored = ({ version }: Block, parts: Block[]): Block[] =>
  parts.map((part, index) => ({ ...part, version: index === 0 ? version + 1 : 1 }));

/** The writes by which they do, refused where it has changed since it was read. */
const putsOf = ({ directory }: Tables, namespace: string, block: Block, parts: Block[]): Write[] =>
  stored(block, parts).map((part, index) => ({
    Put: {
      TableName: directory.name,
      Item: blockItem(namespace, part),
      ...isStillAt(index === 0 ? block.version : 0),
    },
  }));

/** Puts others in the place of a block. @returns whether it was done; not where it has changed since it was read */
const replace = async (tables: Tables, namespace: string, block: Block, parts: Block[]): Promise<boolean> => {
  try {
    await tables.directory.transact(() => putsOf(tables, namespace, block, parts));
    return true;
  } catch (error) {
    if (error instanceof TransactionRefused) return false;
    throw error;
  }
};

/** Channels that are counted in one transaction, which takes 100 items. No more than half of what fills a block. */
const mostTogether = 64;

const isThere = ({ target }: Mark): boolean => target !== undefined;

/**
 * What takes the place of a block when it takes in the channels of some marks and lets others go; nothing where it has done
 * so already. Those that stand behind all that a full block counts begin another, as new ones do.
 */
const counting = (block: Block, settled: Block['settled'], marks: Mark[]): Block[] => {
  const changed = marks.filter((mark) => isThere(mark) !== (block.settled[mark.id] ?? mark.counted));
  if (!changed.length) return [];
  const words = { ...settled, ...Object.fromEntries(changed.map((mark) => [mark.id, isThere(mark)])) };
  const coming = changed.filter(isThere).map(({ id }) => id);
  const within = coming.filter((id) => id <= block.highest);
  const behind = coming.filter((id) => id > block.highest);
  const count = block.count - (changed.length - coming.length) + within.length;
  const joining = behind.slice(0, Math.max(0, blockSize - count));
  const [first, ...others] = behind.slice(joining.length);
  const grown = { ...block, count: count + joining.length, highest: joining.at(-1) ?? block.highest };
  if (first === undefined) return [{ ...grown, settled: words }];
  return [
    {
      ...grown,
      last: below(first, everyId).last,
      settled: settledWhere(words, (id) => id < first),
      link: linkTo(first),
    },
    {
      ...block,
      first,
      count: 1 + others.length,
      highest: others.at(-1) ?? first,
      settled: settledWhere(words, (id) => id >= first),
    },
  ];
};

/** The block in which the first of some marks, in the order of ids, lies, with those that lie in it too. */
const readBlockOf = async (tables: Tables, namespace: string, marks: Mark[]) => {
  const [{ id } = { id: everyId.first }] = marks;
  const block = await readBlock(tables, namespace, id);
  return { block, here: marks.filter((mark) => mark.id <= block.last).slice(0, mostTogether) };
};

/** Counts the first of some marks, and those that lie in its block too. */
const countFirst = async (tables: Tables, namespace: string, marks: Mark[]) => {
  let { block, here } = await readBlockOf(tables, namespace, marks);
  if (block.count >= 2 * blockSize && here.some(isThere)) {
    await divide(tables, namespace, block.first);
    ({ block, here } = await readBlockOf(tables, namespace, marks));
  }
  const parts = counting(block, await stillMarked(tables, namespace, block.settled), here);
  const puts = putsOf(tables, namespace, block, parts);
  if (parts.length)
    await tables.channels.transact(() => [...here.map((mark) => isStill(namespace, mark)), ...puts]);
  return { here, blocks: parts.length ? stored(block, parts) : [block] };
};

/**
 * Has the blocks take in the channels of marks, or let them go.
 * @returns the marks for which that is done, which leaves out those that are others by now, and the blocks in which they lie
 */
export const countChannels = async (
  tables: Tables,
  namespace: string,
  marks: Mark[],
): Promise<{ counted: Mark[]; blocks: Block[] }> => {
  const counted: Mark[] = [];
  const touched = new Map<string, Block>();
  let left = marks.toSorted((one, other) => (one.id < other.id ? -1 : 1));
  for await (const _ of attempts(tables.channels.signal)) {
    try {
      while (left.length) {
        const { here, blocks } = await countFirst(tables, namespace, left);
        for (const block of blocks) touched.set(block.first, block);
        counted.push(...here);
        left = left.slice(here.length);
      }
      break;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      const items = await tables.channels.batchGet(left.map(({ id }) => markKey(namespace, id)));
      const tokens = new Map(items.map(toMark).map(({ id, token }) => [id, token]));
      left = left.filter(({ id, token }) => tokens.get(id) === token);
    }
  }
  return { counted, blocks: [...touched.values()] };
};

/** Words of channels that a block may be left with: to remove them costs as much as they do. */
const fewWords = 2;

/** Has a block forget the channels whose marks have been removed, or ends it where it is empty. */
export const tidy = async (
  tables: Tables,
  namespace: string,
  block: Block,
  removed: Mark[],
): Promise<void> => {
  if (block.count === 0 && block.first !== everyId.first) await removeEmpty(tables, namespace, block.first);
  else if (Object.keys(block.settled).length > fewWords) {
    const gone = new Set(removed.map(({ id }) => id));
    await replace(tables, namespace, block, [
      { ...block, settled: settledWhere(block.settled, (id) => !gone.has(id)) },
    ]);
  }
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
