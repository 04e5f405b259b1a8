import { everyId, type IdRange } from '../channels/id-range.ts';
import { attempts } from '../dynamodb/attempts.ts';
import type { Item } from '../dynamodb/failures.ts';
import { pagesWithinBudget, readFirst } from '../dynamodb/pages.ts';
import type { Table } from '../dynamodb/table.ts';
import { ApiError } from '../errors.ts';
import { type Block, blocksBeginningIn, toBlocks } from './blocks.ts';
import { isSame, type Mark, readMarks } from './mark.ts';
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

const readBlocks = async (
  directory: Table,
  namespace: string,
  { first, last }: IdRange,
): Promise<Block[]> => {
  const start = first === everyId.first ? undefined : await findBlock(directory, namespace, first);
  const items: Item[] = [];
  const query = blocksBeginningIn(namespace, {
    first: (start?.sk as string | undefined) ?? everyId.first,
    last,
  });
  for await (const page of pagesWithinBudget(directory, query)) items.push(...page.items);
  return toBlocks(items);
};

/** What a mark adds to the block that its channel lies in. */
const difference = ({ target, counted }: Mark) => Number(target !== undefined) - Number(counted);

/**
 * The blocks that hold the ids of a range, with how many channels the namespace has in each, every answered write
 * included. Marks are read before the blocks and after: where they are the same, no block has taken one in meanwhile, and
 * what the marks tell is exactly what the blocks don't know.
 * @throws ApiError `query_too_broad` where the directory is so far behind that its marks pass the budget; `unavailable`
 * where it moved on with every try.
 */
export const takeCensus = async (
  { channels, directory }: Tables,
  namespace: string,
  range: IdRange,
): Promise<Block[]> => {
  let marks = await readMarks(channels, namespace);
  for await (const _ of attempts(channels.signal)) {
    const blocks = await readBlocks(directory, namespace, range);
    const known = marks;
    marks = await readMarks(channels, namespace);
    if (!isSame(known, marks)) continue;
    return blocks.map((block) => ({
      ...block,
      count: marks
        .filter(({ id }) => block.first <= id && id <= block.last)
        .reduce((count, mark) => count + difference(mark), block.count),
    }));
  }
  throw new ApiError(
    'unavailable',
    'The channels are changing too fast to be counted: try again in a moment.',
  );
};
