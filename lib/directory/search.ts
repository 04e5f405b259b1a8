import { pagesWithinBudget } from '../dynamodb/pages.ts';
import { type Entry, entriesHolding, idOfEntry } from './entries.ts';
import { readMarks } from './mark.ts';
import type { Tables } from './tables.ts';

/** A channel that was found, with its folded name. */
export interface Hit {
  id: string;
  name: string;
}

/**
 * The channels, in no order, whose folded name holds each of these folded words, every answered write
 * included: marks are read before entries, and decide where there is one. The other way round, a mark that is settled
 * between the two would hide its channel. The longest word is looked up; names tell of the others.
 * @throws ApiError `query_too_broad` where more hold the longest word than the budget reads.
 */
export const findByWords = async (
  { channels, directory }: Tables,
  namespace: string,
  words: string[],
): Promise<Hit[]> => {
  const holdsAll = (name: string) => words.every((word) => name.includes(word));
  const longest = words.reduce((one, other) => (other.length > one.length ? other : one));
  const marks = await readMarks(channels, namespace);
  const found = new Map<string, string>();
  for await (const page of pagesWithinBudget(directory, entriesHolding(namespace, longest)))
    for (const { sk, name } of page.items as unknown as Entry[])
      if (holdsAll(name)) found.set(idOfEntry(sk), name);
  for (const { id, target } of marks)
    if (target !== undefined && holdsAll(target)) found.set(id, target);
    else found.delete(id);
  return [...found].map(([id, name]) => ({ id, name }));
};
