const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;

/**
 * The first key that occurs twice in one object of a valid JSON text. Parsers disagree on the meaning of such an
 * object.
 */
export const repeatedKey = (json: string): string | undefined => {
  const open: (Set<string> | undefined)[] = [];
  let text = '';
  for (const [token] of json.matchAll(tokens)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const key: string = JSON.parse(text);
      const known = open.at(-1);
      if (known?.has(key)) return key;
      known?.add(key);
    } else text = token;
  }
  return undefined;
};
