import { above, everyId, type IdRange, isEmpty } from '../channels/id-range.ts';
import { attempts } from '../dynamodb/attempts.ts';
import type { Item } from '../dynamodb/failures.ts';
import { pagesWithinBudget, readFirst } from '../dynamodb/pages.ts';
import type { Table } from '../dynamodb/table.ts';
import { ApiError } from '../errors.ts';
import { areLinked, type Block, blocksBeginningIn, toBlocks } from './blocks.ts';
import { type Mark, readMarks } from './mark.ts';
import type { Tables } from './tables.ts';

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

/** The blocks that hold the ids of a range, or nothing where they were not read together. */
const readBlocks = async (
  directory: Table,
  namespace: string,
  { first, last }: IdRange,
): Promise<Block[] | undefined> => {
  const start = first === everyId.first ? undefined : await findBlock(directory, namespace, first);
  const from = (start?.sk as string | undefined) ?? everyId.first;
  const items: Item[] = [];
  for await (const page of pagesWithinBudget(directory, blocksBeginningIn(namespace, { first: from, last })))
    items.push(...page.items);
  const next = await findNextBlock(directory, namespace, last);
  const blocks = toBlocks(next ? [...items, next] : items);
  if (!areLinked(blocks)) return undefined;
  if (next) return blocks.slice(0, -1);
  return blocks.at(-1)?.link === undefined ? blocks : undefined;
};

/** What a mark adds to the block that its channel lies in. Where the block has settled it already, the block knows better. */
const difference = ({ id, target, counted }: Mark, { settled }: Block) =>
  Number(target !== undefined) - Number(settled[id] ?? counted);

/**
 * The blocks that hold the ids of a range, with how many channels the namespace has in each, every answered write
 * included. Marks are read before the blocks: what they tell is what the blocks may not know, and a block tells which of
 * them it does. Where one is gone when the blocks have been read, its block may have forgotten it meanwhile, and all is
 * read again.
 * @throws ApiError `query_too_broad` where the directory is so far behind that its marks pass the budget; `unavailable`
 * where it moved on with every try.
 */
export const takeCensus = async (
  { channels, directory }: Tables,
  namespace: string,
  range: IdRange,
): Promise<Block[]> => {
  for await (const _ of attempts(channels.signal)) {
    const marks = await readMarks(channels, namespace);
    const blocks = await readBlocks(directory, namespace, range);
    const left = marks.length ? await readMarks(channels, namespace) : [];
    const waiting = new Set(left.map(({ id }) => id));
    if (!blocks || !marks.every(({ id }) => waiting.has(id))) continue;
    return blocks.map((block) => ({
      ...block,
      count: marks
        .filter(({ id }) => block.first <= id && id <= block.last)
        .reduce((count, mark) => count + difference(mark, block), block.count),
    }));
  }
  throw new ApiError(
    'unavailable',
    'The channels are changing too fast to be counted: try again in a moment.',
  );
};
