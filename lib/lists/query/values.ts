import { readChannelId } from '../../channels/channel-id.ts';
import { soughtWords } from '../../text/fold.ts';

/** What one value may be: `read` gives `undefined` for any other text, `accepted` goes on from "must be". */
export interface Kind<Value> {
  accepted: string;
  read: (text: string) => Value | undefined;
}

export const wholeNumber = (least: number, most: number): Kind<number> => ({
  accepted: `a whole number from ${least} to ${most}, in digits alone`,
  read: (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return number >= least && number <= most ? number : undefined;
  },
});

/** One of the keys, which stands for its value. */
export const choice = <Value>(choices: Record<string, Value>): Kind<Value> => ({
  accepted: Object.keys(choices).join(' or '),
  read: (text) => (Object.hasOwn(choices, text) ? choices[text] : undefined),
});

export const asSent: Kind<string> = { accepted: 'text', read: (text) => text };

/** An id is lower-cased; what is none is left for the cursor's reader to refuse. */
export const idOrCursor: Kind<string> = {
  accepted: 'a channel id or a cursor',
  read: (text) => readChannelId(text) ?? text,
};

/** In code points. */
const longestSearch = 256;

/** Folded, each word once: one character may hold several words, and 256 of it hundreds, for every channel to be asked. */
export const searchWords: Kind<string[]> = {
  accepted: `at most ${longestSearch} characters`,
  read: (text) => ([...text].length <= longestSearch ? [...new Set(soughtWords(text))] : undefined),
};
