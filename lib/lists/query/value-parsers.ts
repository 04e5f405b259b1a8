import { parseChannelId } from '../../channels/channel-id.ts';
import { searchTerms } from '../../text/fold.ts';
import { type AddIssue, maxValues, type Parser, type RawParameters } from './parser.ts';
import { isAbsent, isListIndex, nameFromPath, parseJson, type RawParameter } from './raw-parameters.ts';

/** Parses one value. */
export interface ValueParser<Value> {
  /** What is accepted: the rest of a message that begins with "must be". */
  accepted: string;
  /** Returns `undefined` if the text is not accepted. */
  parse: (text: string) => Value | undefined;
}

/** A parameter with one value. It may be repeated only if all the others count as absent. */
export const oneValue =
  <Value>(
    { accepted, parse }: ValueParser<Value>,
    countsAsAbsent: (text: string) => boolean = isAbsent,
  ): Parser<Value> =>
  (raw, addIssue) => {
    for (const { path } of raw) {
      if (path.length > 1) addIssue(nameFromPath(path), 'takes one value, without brackets');
    }
    const present = raw.filter(({ value }) => !countsAsAbsent(value));
    const [first] = present;
    if (first === undefined) return undefined;
    const [name] = first.path;
    if (present.length > 1) return addIssue(name, `takes one value, but was given ${present.length}`);
    return parse(first.value) ?? addIssue(name, `must be ${accepted}`);
  };

export const integer = (min: number, max: number): ValueParser<number> => ({
  accepted: `a whole number from ${min} to ${max}, written in digits only`,
  parse: (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return number >= min && number <= max ? number : undefined;
  },
});

const yearMs = 365 * 24 * 60 * 60 * 1000;

/** Times of today have 10 digits in seconds. As milliseconds, these numbers are times from 1970 to 1973. */
const isInSeconds = (number: number): boolean => number >= 1e9 && number < 1e11;

/**
 * A time in milliseconds since the epoch. Other units are refused: a list of what was updated after a time in seconds would
 * hold every channel, and after one in microseconds, which is far ahead, none.
 */
export const millisecondsSinceEpoch: ValueParser<number> = {
  accepted:
    'a whole number of milliseconds since the epoch, as in 1700000000000 (no seconds, no date as text), at most a year ahead',
  parse: (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return number <= Date.now() + yearMs && !isInSeconds(number) ? number : undefined;
  },
};

/** One of the keys of `choices`; the result is its value. */
export const choice = <Value>(choices: Record<string, Value>): ValueParser<Value> => ({
  accepted: Object.keys(choices).join(' or '),
  parse: (text) => (Object.hasOwn(choices, text) ? choices[text] : undefined),
});

export const anyText: ValueParser<string> = { accepted: 'text', parse: (text) => text };

/** An id, in lower case, or a cursor. A cursor is opened later; until then any text may be one. */
export const idOrCursor: ValueParser<string> = {
  accepted: 'a channel id or a cursor',
  parse: (text) => parseChannelId(text) ?? text,
};

/** In code points. */
const maxSearchLength = 256;

/**
 * Folded search terms, each one once. Without removing duplicates there could be hundreds of terms, because one character
 * may fold to several.
 */
export const searchText: ValueParser<string[]> = {
  accepted: `at most ${maxSearchLength} characters`,
  parse: (text) => ([...text].length <= maxSearchLength ? [...new Set(searchTerms(text))] : undefined),
};

interface ManyValuesOptions {
  /** Splits the text of one parameter into several values. */
  split?: (text: string) => string[];
  /** Brings a value to the form in which it is compared. */
  normalize?: (value: string) => string;
}

/**
 * A filter of up to 100 different values, written in any form of a list. An empty list, and a list of empty elements, is not
 * absent: it is a filter that matches nothing.
 */
export const manyValues =
  ({ split = (text) => [text], normalize = (value) => value }: ManyValuesOptions = {}): Parser<string[]> =>
  (raw, addIssue) => {
    checkListForms(raw, addIssue);
    const present = raw.filter(({ value }) => !isAbsent(value));
    const hasElements = raw.some(({ path }) => path.length > 1);
    if (present.length === 0 && !hasElements) return undefined;
    const values = present.flatMap((parameter) => jsonList(parameter) ?? split(parameter.value));
    const distinct = [...new Set(values.filter(canBeStored).map(normalize))];
    if (distinct.length <= maxValues) return distinct;
    return addIssue(raw[0].path[0], `takes at most ${maxValues} values, but was given ${distinct.length}`);
  };

const checkListForms = (raw: RawParameters, addIssue: AddIssue): void => {
  for (const { path } of raw) {
    const [name, index = '', ...more] = path;
    if (isListIndex(index) && more.length === 0) continue;
    addIssue(
      nameFromPath(path),
      `is not written as a list: write ${name}=a&${name}=b, ${name}[]=a or ${name}[0]=a`,
    );
  }
};

/** The strings of a JSON list. Any other text is one value as it is, and gives `undefined`. */
const jsonList = ({ path, value }: RawParameter): string[] | undefined => {
  // With brackets, the value is one element, even if it looks like JSON: a name may look like that.
  if (path.length > 1 || !value.startsWith('[')) return undefined;
  const parsed = parseJson(value);
  return Array.isArray(parsed) && parsed.every((item) => typeof item === 'string') ? parsed : undefined;
};

/** No channel has an empty name, or one with half a surrogate pair, and DynamoDB accepts neither as a key. */
const canBeStored = (value: string): boolean => value !== '' && value.isWellFormed();
