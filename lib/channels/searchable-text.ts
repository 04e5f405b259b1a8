import { foldText } from '../text/fold.ts';
import type { Channel } from './channel.ts';

/** Separates the two names. A folded name has no line break. No term contains white space, so it lies in one of the names. */
const separator = '\n';

/**
 * The text in which a search looks for its terms: the folded name and, on a second line, the folded local name. It is one
 * text, so that both names of a channel always change together in the search index.
 */
export const searchableText = ({ name, local_name }: Pick<Channel, 'name' | 'local_name'>): string =>
  [name, ...(local_name === undefined ? [] : [local_name])].map(foldText).join(separator);

/** The folded name in a searchable text. */
export const nameIn = (searchable: string): string => searchable.split(separator, 1)[0] as string;

/** The words of both names in a searchable text. */
export const wordsIn = (searchable: string): string[] => searchable.split(/[ \n]/);
