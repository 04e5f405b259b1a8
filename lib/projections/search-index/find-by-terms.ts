import { ApiError } from '../../api-error.ts';
import { again, retry } from '../../dynamodb/retry.ts';
import type { Table } from '../../dynamodb/table.ts';
import { pagesWithinBudget, queryTooBroad } from '../../read-budget.ts';
import type { ChannelTables } from '../open-tables.ts';
import { readPendingChangesAndEpoch, readReindexEpoch } from '../read-pending-changes.ts';
import { entriesContaining, idOfEntry, type SuffixEntry } from './suffix-entries.ts';

/** A channel that was found, with its searchable text. */
export interface Hit {
  id: string;
  text: string;
}

/** Reads the suffix entries that contain a term and pass a filter. @returns the searchable texts by id, and the number of pages read */
const readSuffixEntries = async (
  projections: Table,
  namespace: string,
  term: string,
  isWanted: (text: string) => boolean,
): Promise<{ found: Map<string, string>; pageCount: number }> => {
  const found = new Map<string, string>();
  let pageCount = 0;
  const query = entriesContaining(namespace, term);
  for await (const page of pagesWithinBudget(projections, query, () => queryTooBroad('by a longer word'))) {
    pageCount++;
    for (const { sk, name: text } of page.items as unknown as SuffixEntry[])
      if (isWanted(text)) found.set(idOfEntry(sk), text);
  }
  return { found, pageCount };
};

/**
 * Finds the channels whose two names contain each of these folded terms, in no order. The result contains every
 * acknowledged write, because pending changes are read before the suffix entries and decide for their channels. In the
 * other order, a pending change that is applied between the two reads would hide its channel. Only the longest term is
 * looked up: its suffix entries contain the searchable texts, which are compared with the other terms.
 * @throws ApiError `query_too_broad` if the entries of the longest term exceed the read budget; `unavailable` if the pending
 * changes exceed it, or if renamed channels were re-indexed during every attempt to read several pages
 */
export const findByTerms = async (
  { channels, projections }: ChannelTables,
  namespace: string,
  terms: string[],
): Promise<Hit[]> => {
  const containsAllTerms = (text: string) => terms.every((term) => text.includes(term));
  const longest = terms.reduce((one, other) => (other.length > one.length ? other : one));
  const attempt = async (): Promise<Hit[] | typeof again> => {
    const { pendingChanges, epoch } = await readPendingChangesAndEpoch(channels, namespace);
    const { found, pageCount } = await readSuffixEntries(projections, namespace, longest, containsAllTerms);
    // A channel that is re-indexed between two pages may leave a page before it is read, and join one that was read.
    if (pageCount > 1 && (await readReindexEpoch(channels, namespace)) !== epoch) return again;
    for (const { id, targetText } of pendingChanges)
      if (targetText !== undefined && containsAllTerms(targetText)) found.set(id, targetText);
      else found.delete(id);
    return [...found].map(([id, text]) => ({ id, text }));
  };
  const exhausted = () => {
    throw new ApiError(
      'unavailable',
      'The channels are renamed too fast to be searched: try again in a moment.',
    );
  };
  return retry(attempt, { signal: channels.signal, exhausted });
};
