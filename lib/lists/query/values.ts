import { readChannelId } from '../../channels/channel-id.ts';
import { searchTerms } from '../../text/fold.ts';

/** What one value may be: `read` gives `undefined` for any other text, `accepted` goes on from "must be". */
export interface ValueParser<Value> {
  accepted: string;
  read: (text: string) => Value | undefined;
}

export const integer = (least: number, most: number): ValueParser<number> => ({
  accepted: `a whole number from ${least} to ${most}, in digits alone`,
  read: (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return number >= least && number <= most ? number : undefined;
  },
});

/** One of the keys, which stands for its value. */
export const choice = <Value>(choices: Record<string, Value>): ValueParser<Value> => ({
  accepted: Object.keys(choices).join(' or '),
  read: (text) => (Object.hasOwn(choices, text) ? choices[text] : undefined),
});

export const anyText: ValueParser<string> = { accepted: 'text', read: (text) => text };

/** An id is lower-cased; what is none is left for the cursor's reader to refuse. */
export const idOrCursor: ValueParser<string> = {
  accepted: 'a channel id or a cursor',
  read: (text) => readChannelId(text) ?? text,
};

/** In code points. */
const maxSearchCharacters = 256;

/** Folded, each word once: one character may hold several words, and 256 of it hundreds, for every channel to be asked. */
export const searchTerms: ValueParser<string[]> = {
  accepted: `at most ${maxSearchCharacters} characters`,
  read: (text) => ([...text].length <= maxSearchCharacters ? [...new Set(searchTerms(text))] : undefined),
};
