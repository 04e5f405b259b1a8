import { parseExactJson } from '../../parse-json.ts';
import { isBlank } from '../../text/blank.ts';

/** One parameter of a query string: `sortBy[0][field]=_id` has the path `['sortBy', '0', 'field']`. */
export interface RawParameter {
  path: [root: string, ...keys: string[]];
  value: string;
}

/**
 * Parses a raw query string. The parameters keep their order, and repeated ones are kept.
 *
 * It never throws (URL Standard, application/x-www-form-urlencoded parsing): `+` is a space, a `%` without two hex digits
 * is itself, and bytes that are not UTF-8 become U+FFFD. Time is linear in the length. The length has no limit here, but API
 * Gateway accepts at most 10,240 bytes.
 */
export const parseQueryString = (rawQueryString: string): RawParameter[] =>
  // URLSearchParams removes one leading "?". This one is added for it, so that it keeps one that is part of a name.
  [...new URLSearchParams(`?${rawQueryString}`)].map(([name, value]) => ({
    path: pathFromName(name),
    value,
  }));

/**
 * `a[b][c]` has three segments. If the last bracket does not end the name, as in `a[b].c`, the whole name is one segment.
 * Such a name is unknown, so the client gets an error instead of a guess.
 *
 * Names are split after decoding, because clients and gateways may encode brackets.
 */
const pathFromName = (name: string): RawParameter['path'] => {
  const opening = name.indexOf('[');
  if (opening === -1 || !name.endsWith(']')) return [name];
  return [name.slice(0, opening), ...name.slice(opening + 1, -1).split('][')];
};

/** The name of a parameter as the client wrote it, decoded: `sortBy[0][field]`. */
export const nameFromPath = ([root, ...keys]: RawParameter['path']): string =>
  root + keys.map((key) => `[${key}]`).join('');

/** Whether a value counts as absent. `URLSearchParams` writes `null` and `undefined` as these texts. */
export const isAbsent = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || value === 'null' || value === 'undefined';

/** Whether a text is absent, or nothing in it can be seen. Such a search has no terms. */
export const hasNoText = (text: string): boolean => isAbsent(text) || isBlank(text);

/** Whether any of these parameters has a value. */
export const hasValue = (raw: RawParameter[] = []): boolean => raw.some(({ value }) => !isAbsent(value));

/** Whether a key in brackets is the index of a list element: `_id[]`, `_id[0]`. */
export const isListIndex = (key: string): boolean => /^\d*$/.test(key);

/** Parses JSON as `parseExactJson` does. Returns `undefined` if the text is not JSON. */
export const parseJson = (text: string): unknown => {
  try {
    return parseExactJson(text);
  } catch {
    return undefined;
  }
};
