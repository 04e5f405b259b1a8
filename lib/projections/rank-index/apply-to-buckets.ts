import { below, everyId } from '../../channels/id-range.ts';
import { isStill, type Mark, markKey, toMark } from '../../channels/pending-change.ts';
import { attempts } from '../../dynamodb/retry.ts';
import { TransactionRefused } from '../../dynamodb/failures.ts';
import { putsOf, readBlock, removeEmpty, replace, stillMarked, stored } from './bucket-store.ts';
import { type Block, blockSize, linkTo, settledWhere } from './count-bucket.ts';
import { divide } from './recount-buckets.ts';
import type { Tables } from '../channel-tables.ts';

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
