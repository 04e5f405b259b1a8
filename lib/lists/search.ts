import type { Channel } from '../channels/channel.ts';
import { includes } from '../channels/id-range.ts';
import { findByWords, type Hit } from '../directory/search.ts';
import { attempts } from '../dynamodb/attempts.ts';
import { ApiError } from '../errors.ts';
import { foldText } from '../text/fold.ts';
import { matches } from './match.ts';
import type { Found, Reading } from './page.ts';
import { readByIds } from './partition.ts';
import { pick } from './pick.ts';
import type { Plan } from './plan.ts';

type SearchPlan = Extract<Plan, { read: 'search' }>;

/** Channels that are read one by one, rather than in the way that the other filters offer: a quarter of the budget. */
const mostHits = 250;

const find = async (reading: Reading, { words, range }: SearchPlan): Promise<Hit[]> => {
  const hits = await findByWords(reading, reading.namespace, words);
  return hits.filter(({ id }) => includes(range, id));
};

/** A page of hits as the channels that they are, or nothing where one of them has changed since it was found. */
const readHits = async (
  { channels: table, namespace }: Reading,
  found: Found<{ _id: string; name: string }>,
): Promise<Found | undefined> => {
  const read = await readByIds(
    table,
    namespace,
    found.channels.map(({ _id }) => _id),
  );
  const byId = new Map(read.map((channel) => [channel._id, channel]));
  const channels: Channel[] = [];
  for (const { _id, name } of found.channels) {
    const channel = byId.get(_id);
    if (!channel || foldText(channel.name) !== name) return undefined;
    channels.push(channel);
  }
  return { ...found, channels };
};

/**
 * Reads a page of a search. Where the words alone decide, and ids or names the order, the directory tells which channels
 * the page has, and no others are read.
 * @param otherwise reads what may match in another way, where too many channels hold the words to be read one by one
 */
export const readSearch = async (
  reading: Reading,
  plan: SearchPlan,
  otherwise: () => Promise<Found>,
): Promise<Found> => {
  const { channels: table, namespace, filter } = reading;
  if (plan.byWordsAlone) {
    for await (const _ of attempts(table.signal)) {
      const hits = await find(reading, plan);
      const found = pick(
        reading,
        hits.map(({ id, name }) => ({ _id: id, name })),
      );
      const page = await readHits(reading, found);
      if (page) return page;
    }
    throw new ApiError(
      'unavailable',
      'The channels are changing too fast to be listed: try again in a moment.',
    );
  }
  const hits = await find(reading, plan).catch((error) => {
    if (error instanceof ApiError && error.code === 'query_too_broad') return undefined;
    throw error;
  });
  if (!hits || hits.length > mostHits) return otherwise();
  const read = await readByIds(
    table,
    namespace,
    hits.map(({ id }) => id),
  );
  return pick(
    reading,
    read.filter((channel) => matches(channel, filter)),
  );
};
