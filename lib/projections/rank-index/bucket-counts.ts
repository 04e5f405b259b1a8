import { below, clip, everyId, type IdRange, includes, isEmpty } from '../../channels/id-range.ts';
import { channelsIn } from '../../channels/keys.ts';
import { type Mark, pagesOfBacklog, readMarks } from '../../channels/pending-change.ts';
import { attempts } from '../../dynamodb/retry.ts';
import type { Item } from '../../dynamodb/item.ts';
import { countItems, pages, pagesWithinBudget } from '../../dynamodb/pages.ts';
import type { Table } from '../../dynamodb/table.ts';
import { ApiError } from '../../errors.ts';
import { findBlock, findNextBlock } from './bucket-store.ts';
import { areLinked, type Block, blockSize, blocksBeginningIn, toBlocks } from './count-bucket.ts';
import type { Tables } from '../channel-tables.ts';

/** What is read at once: whole blocks, from the one in which a range begins to the one in which it ends. */
interface Span extends IdRange {
  /** The block behind the last, as it was before the others were read. */
  next: Item | undefined;
}

const spanOf = async (directory: Table, namespace: string, { first, last }: IdRange): Promise<Span> => {
  const start = first === everyId.first ? undefined : await findBlock(directory, namespace, first);
  const next = await findNextBlock(directory, namespace, last);
  return {
    first: (start?.sk as string | undefined) ?? everyId.first,
    last: next ? below(next.sk as string, everyId).last : everyId.last,
    next,
  };
};

/** The blocks of a span, or nothing where they were not read together. */
const readBlocks = async (directory: Table, namespace: string, span: Span): Promise<Block[] | undefined> => {
  const items: Item[] = [];
  for await (const page of pagesWithinBudget(directory, blocksBeginningIn(namespace, span)))
    items.push(...page.items);
  const blocks = toBlocks(span.next ? [...items, span.next] : items);
  // The block in which the range begins may have gone into the one before it.
  if (blocks[0]?.first !== span.first || !areLinked(blocks)) return undefined;
  if (span.next) return blocks.slice(0, -1);
  return blocks.at(-1)?.link === undefined ? blocks : undefined;
};

/** What a mark adds to the block that its channel lies in. Where the block has settled it already, the block knows better. */
const difference = ({ id, target, counted }: Mark, { settled }: Block) =>
  Number(target !== undefined) - Number(settled[id] ?? counted);

/** Channels among which some are counted whatever they take: as many as a block counts before it is divided. */
const fewEnough = 2 * blockSize;

/** How so many channels are counted one by one: of more than a block's, as far as one request may read. */
export const pagesFor = (count: number): typeof pages => (count > fewEnough ? pagesOfBacklog : pages);

/**
 * The blocks that hold the ids of a range, with how many channels the namespace has in each, every answered write
 * included. Marks are read before the blocks: what they tell is what the blocks may not know, and a block tells which of
 * them it does. Where one that makes a difference is gone or another when the blocks have been read, its block may have
 * forgotten it meanwhile: the channels of that block are counted themselves.
 * @throws ApiError `unavailable` where the directory is so far behind that what is to be read of it passes the budget, or
 * where blocks were divided with every try.
 */
export const takeCensus = async (
  { channels, directory }: Tables,
  namespace: string,
  range: IdRange,
): Promise<Block[]> => {
  for await (const _ of attempts(channels.signal)) {
    const span = await spanOf(directory, namespace, range);
    const marks = await readMarks(channels, namespace, span);
    const blocks = await readBlocks(directory, namespace, span);
    if (!blocks) continue;
    const left = new Map(
      (marks.length ? await readMarks(channels, namespace, span) : []).map(({ id, token }) => [id, token]),
    );
    // One that was begun since may lie beside the range.
    const inRange = blocks.filter((block) => !isEmpty(clip(block, range)));
    return Promise.all(
      inRange.map(async (block) => {
        const marked = marks.filter(({ id }) => includes(block, id));
        const telling = marked.filter((mark) => difference(mark, block) !== 0);
        const isCertain = telling.every(({ id, token }) => left.get(id) === token);
        const count = isCertain
          ? telling.reduce((sum, mark) => sum + difference(mark, block), block.count)
          : await countItems(channels, channelsIn(namespace, block), pagesFor(block.count + marked.length));
        return { ...block, count };
      }),
    );
  }
  throw new ApiError(
    'unavailable',
    'The channels are changing too fast to be counted: try again in a moment.',
  );
};
