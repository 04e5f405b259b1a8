/** One parameter of a query string: `sortBy[0][field]=_id` has the path `['sortBy', '0', 'field']`. */
export interface RawParameter {
  path: [root: string, ...keys: string[]];
  value: string;
}

/**
 * Reads a raw query string into its parameters, in the order in which they were sent, repeated ones included.
 *
 * Never throws: `+` is a space, a `%` without two hex digits stands for itself, bytes that are not UTF-8 become U+FFFD
 * (URL Standard, application/x-www-form-urlencoded parsing). Time is linear in the length, which has no limit here: the
 * gateway lets 10,240 bytes through.
 */
export const parseQueryString = (rawQueryString: string): RawParameter[] =>
  // URLSearchParams drops a leading `?`, which would belong to a name here: this one is for it to drop.
  [...new URLSearchParams(`?${rawQueryString}`)].map(([name, value]) => ({ path: pathOf(name), value }));

/** A parameter's name as a client writes it: `sortBy[0][field]`. */
export const nameOf = ([root, ...keys]: RawParameter['path']): string =>
  root + keys.map((key) => `[${key}]`).join('');

/**
 * `a[b][c]` has three segments. A name whose brackets do not end it, as in `a[b].c`, is one segment as it stands, and so
 * turns up as an unknown name rather than as a guess.
 *
 * Names are split after decoding: encoded brackets mean the same as raw ones, and gateways re-encode.
 */
const pathOf = (name: string): RawParameter['path'] => {
  const opening = name.indexOf('[');
  if (opening === -1 || !name.endsWith(']')) return [name];
  return [name.slice(0, opening), ...name.slice(opening + 1, -1).split('][')];
};
