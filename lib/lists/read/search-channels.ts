import { ApiError } from '../../api-error.ts';
import type { Channel } from '../../channels/channel.ts';
import { includes } from '../../channels/id-range.ts';
import { nameIn, searchableText } from '../../channels/searchable-text.ts';
import { again, retry } from '../../dynamodb/retry.ts';
import { logFailure } from '../../log.ts';
import { findByTerms, type Hit } from '../../projections/search-index/find-by-terms.ts';
import { isQueryTooBroad } from '../../read-budget.ts';
import { foldText } from '../../text/fold.ts';
import type { Plan } from '../plan/plan.ts';
import { lookUpKnownChannels } from './look-up-by-metadata.ts';
import { matches } from './match-filters.ts';
import { type Page, type PageRequest, paginate } from './paginate.ts';
import { readAllChannels, readByIds } from './partition.ts';
import { readHits, searchTooBroad } from './read-hits.ts';

type SearchPlan = Extract<Plan, { read: 'search' }>;

/** Finds the hits that may match. Their folded names already tell which of them a filter by name leaves out. */
const find = async (request: PageRequest, { terms, idRange }: SearchPlan): Promise<Hit[]> => {
  const { namespace, filter } = request;
  const names = filter.names && new Set(filter.names.map(foldText));
  const hits = await findByTerms(request, namespace, terms);
  return hits.filter(({ id, text }) => includes(idRange, id) && (!names || names.has(nameIn(text))));
};

/** A hit as a row of the list, which is sorted by id or name. */
type Row = { _id: string; name: string; text: string };

/**
 * Reads the channels of a page of hits. A hit is a mismatch if its channel does not exist in the table, if it has another
 * name there, by which the list may be sorted, or if its names do not match.
 */
const readRows = async (
  { channels: table, namespace }: PageRequest,
  rows: Row[],
  isMatch: (text: string) => boolean,
) => {
  const ids = rows.map(({ _id }) => _id);
  const byId = new Map((await readByIds(table, namespace, ids)).map((channel) => [channel._id, channel]));
  const channels: Channel[] = [];
  const mismatches: { row: Row; text: string | undefined }[] = [];
  for (const row of rows) {
    const channel = byId.get(row._id);
    const text = channel && searchableText(channel);
    if (channel && text !== undefined && nameIn(text) === row.name && isMatch(text)) channels.push(channel);
    else mismatches.push({ row, text });
  }
  return { channels, mismatches };
};

const entryOf = ({ _id, text }: Pick<Row, '_id' | 'text'>) => `${_id} ${text}`;

/**
 * Reads a page of a search in which only the terms decide. A mismatch means that the channel has changed since it was
 * found, so the search starts again. If it finds the same mismatch again, the suffix entry is orphaned: no change will
 * remove it. From then on the names in the table count.
 */
const readByTerms = async (request: PageRequest, plan: SearchPlan): Promise<Page> => {
  const { channels: table, namespace } = request;
  const tableTexts = new Map<string, string | undefined>();
  const containsAllTerms = (text: string) => plan.terms.every((term) => text.includes(term));
  let mismatchedBefore = new Set<string>();

  const attempt = async (): Promise<Page | typeof again> => {
    const rows: Row[] = [];
    for (const { id: _id, text } of await find(request, plan)) {
      const entry = entryOf({ _id, text });
      const known = tableTexts.has(entry) ? tableTexts.get(entry) : text;
      if (known !== undefined && containsAllTerms(known))
        rows.push({ _id, name: nameIn(known), text: known });
    }
    const page = paginate(request, rows);
    const { channels, mismatches } = await readRows(request, page.channels, containsAllTerms);
    if (!mismatches.length) return { ...page, channels };
    for (const { row, text } of mismatches.filter(({ row }) => mismatchedBefore.has(entryOf(row)))) {
      tableTexts.set(entryOf(row), text);
      const error = new Error('The search index is out of date: reindex the namespace');
      logFailure({ namespace, channel: row._id }, error);
    }
    mismatchedBefore = new Set(mismatches.map(({ row }) => entryOf(row)));
    return again;
  };
  const exhausted = () => {
    throw new ApiError(
      'unavailable',
      'The channels are changing too fast to be listed: try again in a moment.',
    );
  };
  return retry(attempt, { signal: table.signal, exhausted });
};

/** Reads all channels that may match. If the terms have too many suffix entries, these are all channels of the id range. */
const readCandidates = async (request: PageRequest, plan: SearchPlan): Promise<Channel[]> => {
  const { channels: table, namespace } = request;
  const { lookup, idRange } = plan;
  const known = lookup && (await lookUpKnownChannels(table, namespace, { lookup, idRange }));
  if (known) return known;
  let hits: Hit[];
  try {
    hits = await find(request, plan);
  } catch (error) {
    if (!isQueryTooBroad(error)) throw error;
    return readAllChannels(table, namespace, plan.idRange, searchTooBroad);
  }
  return readHits(
    table,
    namespace,
    hits.map(({ id }) => id),
  );
};

/**
 * Reads a page of a search. If only the terms decide, and the list is sorted by id or name, the search index finds the
 * channels of the page, and no others are read. Otherwise all hits are read, filtered and sorted. Both ways read only the
 * table and the search index, so the page contains every acknowledged write.
 * @throws ApiError `query_too_broad` beyond the read budget; `unavailable`
 */
export const searchChannels = async (request: PageRequest, plan: SearchPlan): Promise<Page> => {
  if (plan.termsDecide) return readByTerms(request, plan);
  const candidates = await readCandidates(request, plan);
  return paginate(
    request,
    candidates.filter((channel) => matches(channel, request.filter)),
  );
};
