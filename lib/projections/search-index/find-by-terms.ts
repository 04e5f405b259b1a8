import { readPendingChangesAndEpoch, readReindexEpoch } from '../../channels/pending-change.ts';
import { attempts } from '../../dynamodb/retry.ts';
import { pagesWithinBudget, queryTooBroad } from '../../dynamodb/pages.ts';
import type { Table } from '../../dynamodb/table.ts';
import { ApiError } from '../../errors.ts';
import { type SuffixEntry, entriesContaining, idOfEntry } from './suffix-entries.ts';
import type { ChannelTables } from '../channel-tables.ts';

/** A channel that was found, with its folded name. */
export interface Hit {
  id: string;
  name: string;
}

/** The entries that hold a word and pass a filter, by id, and how many pages of them there were. */
const readSuffixEntries = async (
  projections: Table,
  namespace: string,
  term: string,
  isWanted: (name: string) => boolean,
): Promise<{ found: Map<string, string>; count: number }> => {
  const found = new Map<string, string>();
  let count = 0;
  const entries = entriesContaining(namespace, term);
  for await (const page of pagesWithinBudget(projections, entries, () => queryTooBroad('by a longer word'))) {
    count++;
    for (const { sk, name } of page.items as unknown as SuffixEntry[])
      if (isWanted(name)) found.set(idOfEntry(sk), name);
  }
  return { found, count };
};

/**
 * The channels, in no order, whose folded name holds each of these folded words, every answered write
 * included: marks are read before entries, and decide where there is one. The other way round, a mark that is settled
 * between the two would hide its channel. The longest word is looked up; names tell of the others.
 * @throws ApiError `query_too_broad` where more hold the longest word than the budget reads; `unavailable` where renamed channels were
 * settled with every try to read several pages of them, or more marks wait than the budget reads.
 */
export const findByTerms = async (
  { channels, projections }: ChannelTables,
  namespace: string,
  terms: string[],
): Promise<Hit[]> => {
  const containsAllTerms = (name: string) => terms.every((term) => name.includes(term));
  const longest = terms.reduce((one, other) => (other.length > one.length ? other : one));
  for await (const _ of attempts(channels.signal)) {
    const { marks: pendingChanges, moves: epoch } = await readPendingChangesAndEpoch(channels, namespace);
    const { found, count } = await readSuffixEntries(projections, namespace, longest, containsAllTerms);
    // A name that is settled while pages are read may leave one before it is read, and join one that has been.
    if (count > 1 && (await readReindexEpoch(channels, namespace)) !== epoch) continue;
    for (const { id, targetName: target } of pendingChanges)
      if (target !== undefined && containsAllTerms(target)) found.set(id, target);
      else found.delete(id);
    return [...found].map(([id, name]) => ({ id, name }));
  }
  throw new ApiError(
    'unavailable',
    'The channels are renamed too fast to be searched: try again in a moment.',
  );
};
