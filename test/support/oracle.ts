import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { foldTerms, searchTerms } from '../../lib/text/fold.ts';

/** The fields that a list can be sorted by. */
export type Field = '_id' | 'name' | 'local_name' | 'disabled' | 'createdAt' | 'updatedAt';

/** A position in the order of ids: on an id, or directly below or above it. */
export interface IdBound {
  id: string;
  at: 'id' | 'below' | 'above';
}

/** A list query, independent of the way in which a client encodes it. */
export interface ExpectedQuery {
  ids?: string[];
  names?: string[];
  localNames?: string[];
  search?: string;
  disabled?: boolean;
  updatedAfter?: number;
  from?: IdBound;
  to?: IdBound;
  /** Each condition holds for any of its values. */
  meta?: { path: string[]; values: string[] }[];
  sort: { field: Field; descending: boolean }[];
}

/** One page of a list, without the text of its cursors. */
export interface Page {
  data: ChannelDocument[];
  pagination: Record<string, number>;
  hasNext: boolean;
  hasPrevious: boolean;
}

// This is the API's list contract, implemented again over a plain array. The only part of lib that it uses is the
// folding of text.

const isAbove = (id: string, bound: IdBound) => id > bound.id || (bound.at === 'below' && id === bound.id);
const isBelow = (id: string, bound: IdBound) => id < bound.id || (bound.at === 'above' && id === bound.id);

const scalarAt = (value: unknown, [key, ...rest]: string[]): string | undefined => {
  const isObject = typeof value === 'object' && value !== null;
  if (key === undefined) return isObject || value === undefined ? undefined : `${value}`;
  if (!isObject || Array.isArray(value)) return undefined;
  const own = Object.getOwnPropertyDescriptor(value, key);
  return own && scalarAt(own.value, rest);
};

const isFound = ({ name, local_name = '' }: ChannelDocument, search: string) => {
  // Clients send these words for "no value".
  if (['null', 'undefined'].includes(search)) return true;
  const words = [...foldTerms(name), ...foldTerms(local_name)];
  return searchTerms(search).every((sought) => words.some((word) => word.includes(sought)));
};

const isWanted = (channel: ChannelDocument, query: ExpectedQuery): boolean =>
  (!query.ids || query.ids.some((id) => id.toLowerCase() === channel._id)) &&
  (!query.names || query.names.some((name) => name === channel.name)) &&
  (!query.localNames || query.localNames.some((name) => name === channel.local_name)) &&
  (query.search === undefined || isFound(channel, query.search)) &&
  (query.disabled === undefined || channel.disabled === query.disabled) &&
  (query.updatedAfter === undefined || Date.parse(channel.updatedAt) > query.updatedAfter) &&
  (!query.from || isAbove(channel._id, query.from)) &&
  (!query.to || isBelow(channel._id, query.to)) &&
  (query.meta ?? []).every(({ path, values }) =>
    values.some((value) => scalarAt(channel.integration_meta, path) === value),
  );

/** The first 900 bytes of the folded text, cut between two characters. */
const sortText = (text: string): Buffer => {
  const kept: Buffer[] = [];
  let bytes = 0;
  for (const character of foldTerms(text).join(' ')) {
    const encoded = Buffer.from(character);
    bytes += encoded.length;
    if (bytes > 900) break;
    kept.push(encoded);
  }
  return Buffer.concat(kept);
};

const compare = (one: ChannelDocument, other: ChannelDocument, field: Field): number => {
  const [a, b] = [one[field], other[field]];
  // A missing value sorts before all others.
  if (a === undefined || b === undefined) return Number(b === undefined) - Number(a === undefined);
  if (field === 'name' || field === 'local_name')
    return Buffer.compare(sortText(a as string), sortText(b as string));
  return Number(a > b) - Number(a < b);
};

/** The whole list, sorted. */
export const expectedList = (channels: ChannelDocument[], query: ExpectedQuery): ChannelDocument[] => {
  const last = query.sort.at(-1);
  const terms = [...query.sort, { field: '_id' as const, descending: last?.descending ?? false }];
  return channels
    .filter((channel) => isWanted(channel, query))
    .sort((one, other) => {
      for (const { field, descending } of terms) {
        const ascending = compare(one, other, field);
        if (ascending !== 0) return descending ? -ascending : ascending;
      }
      return 0;
    });
};

/**
 * The page of a list from one index up to another, exclusive. A page that was reached by a cursor may begin at any index.
 * A page that was reached backwards may be shorter than `perPage`.
 */
export const expectedPage = (
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
