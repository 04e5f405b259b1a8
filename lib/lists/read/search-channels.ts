import type { Channel } from '../../channels/channel.ts';
import { includes } from '../../channels/id-range.ts';
import { findByTerms, type Hit } from '../../projections/search-index/find-by-terms.ts';
import { attempts } from '../../dynamodb/retry.ts';
import { ApiError } from '../../errors.ts';
import { logFailure } from '../../log.ts';
import { foldText } from '../../text/fold.ts';
import { matches } from './match.ts';
import type { Page, PageRequest } from './paginate.ts';
import { readByIds } from './partition.ts';
import { paginate } from '../pick.ts';
import type { Plan } from '../plan/plan.ts';

type SearchPlan = Extract<Plan, { read: 'search' }>;

/** Channels that are read one by one, rather than in the way that the other filters offer: a quarter of the budget. */
const maxHits = 250;

const find = async (request: PageRequest, { words: terms, range }: SearchPlan): Promise<Hit[]> => {
  const hits = await findByTerms(request, request.namespace, terms);
  return hits.filter(({ id }) => includes(range, id));
};

type Row = { _id: string; name: string };

/** A page of hits as the channels that they are, and those that are called otherwise in the table, or are not there. */
const readRows = async ({ channels: table, namespace }: PageRequest, rows: Row[]) => {
  const read = await readByIds(
    table,
    namespace,
    rows.map(({ _id }) => _id),
  );
  const byId = new Map(read.map((channel) => [channel._id, channel]));
  const channels: Channel[] = [];
  const mismatches: { row: Row; name: string | undefined }[] = [];
  for (const row of rows) {
    const channel = byId.get(row._id);
    const name = channel && foldText(channel.name);
    if (channel && name === row.name) channels.push(channel);
    else mismatches.push({ row, name });
  }
  return { channels, wrong: mismatches };
};

const textOf = ({ _id, name }: Row) => `${_id} ${name}`;

/**
 * A page of a search where the words alone decide. A hit that the table contradicts has changed since it was found, so it
 * is sought again; where the same one is found again it is an entry that no change left, and the table's name counts.
 */
const readByTerms = async (request: PageRequest, plan: SearchPlan): Promise<Page> => {
  const { channels: table, namespace } = request;
  const names = new Map<string, string | undefined>();
  const nameOf = (row: Row) => (names.has(textOf(row)) ? names.get(textOf(row)) : row.name);
  const holdsAll = (name: string) => plan.words.every((word) => name.includes(word));
  let mismatchedBefore = new Set<string>();
  for await (const _ of attempts(table.signal)) {
    const rows: Row[] = [];
    for (const { id, name } of await find(request, plan)) {
      const believed = nameOf({ _id: id, name });
      if (believed !== undefined && holdsAll(believed)) rows.push({ _id: id, name: believed });
    }
    const found = paginate(request, rows);
    const { channels, wrong: mismatches } = await readRows(request, found.channels);
    if (!mismatches.length) return { ...found, channels };
    for (const { row, name } of mismatches.filter(({ row }) => mismatchedBefore.has(textOf(row)))) {
      names.set(textOf(row), name);
      const why = new Error('The directory is out of date: reindex the namespace');
      logFailure({ namespace, channel: row._id }, why);
    }
    mismatchedBefore = new Set(mismatches.map(({ row }) => textOf(row)));
  }
  throw new ApiError(
    'unavailable',
    'The channels are changing too fast to be listed: try again in a moment.',
  );
};

/**
 * Reads a page of a search. Where the words alone decide, and ids or names the order, the directory tells which channels
 * the page has, and no others are read.
 * @param otherwise reads what may match in another way, where too many channels hold the words to be read one by one
 */
export const readSearch = async (
  request: PageRequest,
  plan: SearchPlan,
  otherwise: () => Promise<Page>,
): Promise<Page> => {
  const { channels: table, namespace, filter } = request;
  if (plan.byWordsAlone) return readByTerms(request, plan);
  const hits = await find(request, plan).catch((error) => {
    if (error instanceof ApiError && error.code === 'query_too_broad') return undefined;
    throw error;
  });
  if (!hits || hits.length > maxHits) return otherwise();
  const read = await readByIds(
    table,
    namespace,
    hits.map(({ id }) => id),
  );
  return paginate(
    request,
    read.filter((channel) => matches(channel, filter)),
  );
};
