import type { ListQuery } from './types.ts';

type Scalar = string | number | boolean;

/**
 * Values that `integration_meta` must have at these keys, at any depth. An array means any of its values. They are compared
 * as text.
 */
export type MetaCondition = { [key: string]: Scalar | Scalar[] | MetaCondition };

/** The query of a list. An absent filter does not filter; an empty array of values matches nothing. */
export interface ChannelQuery extends Omit<ListQuery, 'integration_meta'> {
  integration_meta?: MetaCondition;
}

/** The service reads these texts as a parameter without a value. */
const looksAbsent = (text: string) => text === 'null' || text === 'undefined';

const encodeValue = (value: unknown): string => {
  if (typeof value === 'object') return JSON.stringify(value);
  const text = String(value);
  // A search for such a text gets a leading space: a search ignores white space.
  return looksAbsent(text) ? ` ${text}` : text;
};

/** Writes a query string. Arrays and conditions are written as JSON, in which no text has a special meaning. */
export const encodeQuery = (query: object): string => {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  return new URLSearchParams(given.map(([name, value]) => [name, encodeValue(value)])).toString();
};
