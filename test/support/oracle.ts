import type { ChannelDocument } from '../../lib/channels/channel.ts';
import { foldWords, searchTerms } from '../../lib/text/fold.ts';

/** The fields by which a list can be sorted. */
export type Field = '_id' | 'name' | 'local_name' | 'disabled' | 'createdAt' | 'updatedAt';

/** A place in the order of ids: a channel's own, or the gap right below or right above it. */
export interface Mark {
  id: string;
  at: 'id' | 'below' | 'above';
}

/** What a list is asked for, free of the form in which a client writes it. */
export interface Wish {
  ids?: string[];
  names?: string[];
  localNames?: string[];
  search?: string;
  disabled?: boolean;
  updatedAfter?: number;
  from?: Mark;
  to?: Mark;
  meta?: { path: string[]; value: string }[];
  sort: { field: Field; descending: boolean }[];
}

/** One page of a list: what stands in its answer, but for the cursors' texts. */
export interface Page {
  data: ChannelDocument[];
  pagination: Record<string, number>;
  hasNext: boolean;
  hasPrevious: boolean;
}

// The contract's section 3, read anew over a plain array: nothing of lib/lists but the folding of texts is used here.

const isAbove = (id: string, mark: Mark) => id > mark.id || (mark.at === 'below' && id === mark.id);
const isBelow = (id: string, mark: Mark) => id < mark.id || (mark.at === 'above' && id === mark.id);

const scalarAt = (value: unknown, [key, ...rest]: string[]): string | undefined => {
  const isObject = typeof value === 'object' && value !== null;
  if (key === undefined) return isObject || value === undefined ? undefined : `${value}`;
  if (!isObject || Array.isArray(value)) return undefined;
  const own = Object.getOwnPropertyDescriptor(value, key);
  return own && scalarAt(own.value, rest);
};

const isFound = (name: string, search: string) => {
  // What clients write for no value.
  if (['null', 'undefined'].includes(search)) return true;
  const words = foldWords(name);
  return searchTerms(search).every((sought) => words.some((word) => word.includes(sought)));
};

const isWanted = (channel: ChannelDocument, wish: Wish): boolean =>
  (!wish.ids || wish.ids.some((id) => id.toLowerCase() === channel._id)) &&
  (!wish.names || wish.names.some((name) => name === channel.name)) &&
  (!wish.localNames || wish.localNames.some((name) => name === channel.local_name)) &&
  (wish.search === undefined || isFound(channel.name, wish.search)) &&
  (wish.disabled === undefined || channel.disabled === wish.disabled) &&
  (wish.updatedAfter === undefined || Date.parse(channel.updatedAt) > wish.updatedAfter) &&
  (!wish.from || isAbove(channel._id, wish.from)) &&
  (!wish.to || isBelow(channel._id, wish.to)) &&
  (wish.meta ?? []).every(({ path, value }) => scalarAt(channel.integration_meta, path) === value);

/** The first 900 bytes of the folded text, whole characters only. */
const sortText = (text: string): Buffer => {
  const kept: Buffer[] = [];
  let bytes = 0;
  for (const character of foldWords(text).join(' ')) {
    const encoded = Buffer.from(character);
    bytes += encoded.length;
    if (bytes > 900) break;
    kept.push(encoded);
  }
  return Buffer.concat(kept);
};

const compare = (one: ChannelDocument, other: ChannelDocument, field: Field): number => {
  const [a, b] = [one[field], other[field]];
  // What is missing is less than anything.
  if (a === undefined || b === undefined) return Number(b === undefined) - Number(a === undefined);
  if (field === 'name' || field === 'local_name')
    return Buffer.compare(sortText(a as string), sortText(b as string));
  return Number(a > b) - Number(a < b);
};

/** The whole list, in its order. */
export const listOf = (channels: ChannelDocument[], wish: Wish): ChannelDocument[] => {
  const last = wish.sort.at(-1);
  const terms = [...wish.sort, { field: '_id' as const, descending: last?.descending ?? false }];
  return channels
    .filter((channel) => isWanted(channel, wish))
    .sort((one, other) => {
      for (const { field, descending } of terms) {
        const ascending = compare(one, other, field);
        if (ascending !== 0) return descending ? -ascending : ascending;
      }
      return 0;
    });
};

/**
 * A page of a list: what stands in it from one place to before another. A page that was reached by a cursor may begin
 * anywhere, and one that was reached backwards may be shorter than it was asked to be.
 */
export const pageOf = (
  list: ChannelDocument[],
  perPage: number,
  from: number,
  to: number = from + perPage,
): Page => {
  const data = list.slice(from, to);
  const page = Math.floor(from / perPage) + 1;
  const hasNext = to < list.length;
  return {
    data,
    pagination: {
      page,
      per_page: perPage,
      pre_page: page - 1,
      next_page: hasNext ? page + 1 : 0,
      total: list.length,
      total_page: Math.ceil(list.length / perPage),
    },
    hasNext,
    hasPrevious: from > 0 && data.length > 0,
  };
};
