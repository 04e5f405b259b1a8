import type { ListQuery } from './types.ts';

/** Values that must stand at these keys of `integration_meta`, at any depth; they are compared as text. */
export type MetaCondition = { [key: string]: string | number | boolean | MetaCondition };

/** What a list is asked by. An absent filter asks for nothing; an empty array of values matches nothing. */
export interface ChannelQuery extends Omit<ListQuery, 'integration_meta'> {
  integration_meta?: MetaCondition;
}

/** The service takes these texts for a parameter that has no value; white space makes no difference to a search. */
const looksAbsent = (text: string) => text === 'null' || text === 'undefined';

const written = (value: unknown): string => {
  if (typeof value === 'object') return JSON.stringify(value);
  const text = String(value);
  return looksAbsent(text) ? ` ${text}` : text;
};

/** Writes lists and conditions as JSON, the one form in which every text means itself. */
export const toQueryString = (query: ChannelQuery): string => {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  return new URLSearchParams(given.map(([name, value]) => [name, written(value)])).toString();
};
