import { parseStrictJson } from './strict-json.ts';

const mayBeJson = /^\s*["[{\d\-tfn]/;

/** @returns undefined if the text is not JSON */
const parseJson = (text: string): { value: unknown } | undefined => {
  if (!mayBeJson.test(text)) return undefined;
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
};

/**
 * Parses a cell of `integration_meta`. It is JSON if it is a JSON object, array or string, or exactly what `JSON.stringify`
 * writes for a number, `true`, `false` or `null`. Every other cell is text, so that `1.10`, `1E5` and `007` stay as they are.
 * @throws CommandError if parsing a JSON object or array would lose something
 */
export const parseMetaCell = (text: string, line: number): unknown => {
  const json = parseJson(text);
  if (!json) return text;
  const { value } = json;
  if (typeof value === 'object' && value !== null) return parseStrictJson(text, line);
  return typeof value === 'string' || JSON.stringify(value) === text ? value : text;
};

/** Whether a cell with this text would be read as the same text. An empty cell is absent. UTF-8 has no lone surrogates. */
const isPlain = (text: string): boolean => {
  if (text === '' || !text.isWellFormed()) return false;
  const json = parseJson(text);
  if (!json) return true;
  const { value } = json;
  const isScalar = value === null || (typeof value !== 'object' && typeof value !== 'string');
  return isScalar && JSON.stringify(value) !== text;
};

/** Writes a value of `integration_meta`, so that `parseMetaCell` reads an equal value. */
export const formatMetaCell = (value: unknown): string =>
  typeof value === 'string' && isPlain(value) ? value : JSON.stringify(value);

/** Excel writes booleans in capitals. Any other text is left to the service, which names the field in its error. */
export const parseBooleanCell = (text: string): boolean | string => {
  const lower = text.toLowerCase();
  return lower === 'true' || lower === 'false' ? lower === 'true' : text;
};

/** Parses a cell with several texts: a JSON array, or one text. */
export const parseListCell = (text: string): unknown => {
  const json = parseJson(text);
  return json && Array.isArray(json.value) ? json.value : [text];
};
