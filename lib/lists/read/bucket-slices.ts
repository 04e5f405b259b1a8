import { clip, type IdRange } from '../../channels/id-range.ts';
import { channelsIn } from '../../channels/keys.ts';
import { pagesFor, takeCensus } from '../../projections/rank-index/bucket-counts.ts';
import type { Tables } from '../../projections/channel-tables.ts';
import { countItems } from '../../dynamodb/pages.ts';
import { narrowBehind } from './partition.ts';

/** Ids one behind the other, and how many channels the namespace has of them. */
export interface Tract extends IdRange {
  count: number;
}

/**
 * How many channels a range holds, and where: by blocks, so that it costs the same wherever the range begins. Where it
 * has a part of a block only, that part is counted.
 * @throws ApiError as `takeCensus` does; `unavailable` also where so many channels were created at once that the part of a
 * block passes the budget
 */
export const survey = async (tables: Tables, namespace: string, range: IdRange): Promise<Tract[]> => {
  const blocks = await takeCensus(tables, namespace, range);
  return Promise.all(
    blocks.map(async ({ first, last, count }) => {
      const part = clip({ first, last }, range);
      if (part.first === first && part.last === last) return { first, last, count };
      return {
        ...part,
        count: await countItems(tables.channels, channelsIn(namespace, part), pagesFor(count)),
      };
    }),
  );
};

export const sumOf = (tracts: Tract[]): number => tracts.reduce((sum, { count }) => sum + count, 0);

/**
 * What is left of surveyed ids behind the first so many channels, in the order of ids or against it; nothing where they
 * hold no more. Only the tract in which that begins is read, from its nearer end.
 */
export const behindFirst = async (
  { channels }: Tables,
  namespace: string,
  tracts: Tract[],
  descending: boolean,
  offset: number,
): Promise<IdRange | undefined> => {
  let left = offset;
  const inOrder = descending ? tracts.toReversed() : tracts;
  for (const tract of inOrder) {
    if (left >= tract.count) {
      left -= tract.count;
      continue;
    }
    const rest = await narrowBehind(channels, namespace, tract, tract.count, descending, left);
    const end = inOrder.at(-1) ?? tract;
    return descending ? { first: end.first, last: rest.last } : { first: rest.first, last: end.last };
  }
  return undefined;
};
