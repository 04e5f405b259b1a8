import { createHash } from 'node:crypto';
import type { Channel } from '../channels/channel.ts';
import { type IdRange, includes } from '../channels/id-range.ts';
import type { Table } from '../dynamodb/table.ts';
import { ApiError } from '../errors.ts';
import { type CursorKeys, type Gap, openCursor, sealCursor } from './cursor.ts';
import { besideGap, between, readIdMark } from './id-range.ts';
import { readReferences, readStretches } from './index-reads.ts';
import { walkIndex } from './index-walk.ts';
import type { ListFilter, ListQuery } from './list-query.ts';
import { matches } from './match.ts';
import { isBehind, orderText, positionOf, sortChannels, toOrder } from './order.ts';
import { type Found, isGap, type Place, pageAtGap, pageAtOffset, type Reading } from './page.ts';
import {
  countChannels,
  readAllChannels,
  readByIds,
  readChannels,
  readFirstChannels,
  skipChannels,
} from './partition.ts';
import { type Plan, planList } from './plan.ts';
import { readFromCounters } from './totals.ts';

export interface Pagination {
  page: number;
  per_page: number;
  pre_page: number;
  next_page: number;
  total: number;
  total_page: number;
  next_cursor?: string;
  prev_cursor?: string;
}

export interface List {
  channels: Channel[];
  pagination: Pagination;
}

/** The same for the same filter, in whichever order its parameters came. It takes lone surrogates, which JSON can hold. */
const fingerprint = (filter: ListFilter): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(filter).sort(([one], [other]) => (one < other ? -1 : 1))))
    .digest('base64url')
    .slice(0, 22);

const walk = async (
  reading: Reading,
  { range, descending, total }: Extract<Plan, { read: 'walk' }>,
): Promise<Found> => {
  const { table, namespace, place, perPage } = reading;
  const most = perPage + 1;
  const readTheTotal = () =>
    total === 'counters' ? readFromCounters(reading) : countChannels(table, namespace, range);
  const readBehind = (gap: Gap) =>
    readChannels(table, namespace, besideGap(gap, descending, 'behind', range), descending, most);

  if (isGap(place)) {
    const before = besideGap(place, descending, 'before', range);
    const [read, count] = await Promise.all([
      place.backward ? readChannels(table, namespace, before, !descending, most) : readBehind(place),
      readTheTotal(),
    ]);
    return pageAtGap(read, perPage, place, count);
  }

  const { offset } = place;
  if (offset === 0 && total === 'counters' && !descending) {
    const first = await readFirstChannels(table, namespace, most);
    return pageAtOffset(first.channels, perPage, offset, first.total);
  }
  const readAtOffset = async (): Promise<Channel[]> => {
    if (offset === 0) return readChannels(table, namespace, range, descending, most);
    const last = await skipChannels(table, namespace, range, descending, offset);
    return last === undefined ? [] : readBehind({ position: [last], side: 'after' });
  };
  const [read, count] = await Promise.all([readAtOffset(), readTheTotal()]);
  return pageAtOffset(read, perPage, offset, count);
};

/** Filters and sorts what was read, and takes the page from it. */
const pick = ({ filter, order, place, perPage }: Reading, channels: Channel[]): Found => {
  const matching = channels.filter((channel) => matches(channel, filter));
  const rows = sortChannels(matching, order);
  const slice = (from: number, to: number) => rows.slice(Math.max(0, from), to).map(({ channel }) => channel);
  const total = rows.length;
  if (!isGap(place)) {
    const { offset } = place;
    return pageAtOffset(slice(offset, offset + perPage + 1), perPage, offset, total);
  }
  const behind = rows.findIndex(({ position }) => isBehind(position, place, order));
  const at = behind < 0 ? total : behind;
  const read = place.backward ? slice(at - perPage - 1, at).reverse() : slice(at, at + perPage + 1);
  return pageAtGap(read, perPage, place, total);
};

/** As many channels as cost about as much one by one as all that the budget lets read of the partition. */
const mostReferences = 1_000;

const readReferenced = async (
  { table, namespace }: Reading,
  { index, value, range }: Extract<Plan, { read: 'references' }>,
): Promise<Channel[]> => {
  const ids = await readReferences(table, namespace, index, value, mostReferences + 1);
  if (ids.length > mostReferences) return readAllChannels(table, namespace, range);
  return readByIds(
    table,
    namespace,
    ids.filter((id) => includes(range, id)),
  );
};

const run = async (reading: Reading, plan: Plan): Promise<Found> => {
  const { table, namespace } = reading;
  switch (plan.read) {
    case 'walk':
      return walk(reading, plan);
    case 'ids':
      return pick(reading, await readByIds(table, namespace, plan.ids));
    case 'references':
      return pick(reading, await readReferenced(reading, plan));
    case 'walkIndex':
      return walkIndex(reading, plan);
    case 'gatherIndex': {
      const read = await readStretches(table, namespace, plan.stretches);
      return pick(
        reading,
        read.filter(({ _id }) => includes(plan.range, _id)),
      );
    }
    case 'gather':
      return pick(reading, await readAllChannels(table, namespace, plan.range));
    case 'nothing':
      return pick(reading, []);
  }
};

/**
 * Reads one page of a list.
 * @throws ApiError `invalid_cursor`; `cursor_mismatch` for a cursor of a list with other filters or another order;
 * `query_too_broad` for what would read more than the budget.
 */
export const readList = async (
  table: Table,
  namespace: string,
  { filter, sort, page, perPage, cursor }: ListQuery,
  cursorKeys: CursorKeys,
): Promise<List> => {
  const order = toOrder(sort);
  const open = (text: string) => openCursor(text, namespace, cursorKeys);
  const list = { order: orderText(order), filter: fingerprint(filter) };
  const place: Place = cursor === undefined ? { offset: (page - 1) * perPage } : open(cursor);
  if (isGap(place) && (place.order !== list.order || place.filter !== list.filter))
    throw new ApiError(
      'cursor_mismatch',
      'The cursor belongs to a list with other filters or another order: send those it was made with.',
    );
  const mark = (text: string | undefined) => (text === undefined ? undefined : readIdMark(text, open));
  const range: IdRange = between(mark(filter.after), mark(filter.before));

  const plan = planList(filter, range, order);
  const found = await run({ table, namespace, filter, order, place, perPage }, plan);

  const seal = (channel: Channel | undefined, side: Gap['side'], offset: number): string | undefined =>
    channel &&
    sealCursor(
      { ...list, offset, backward: side === 'before', side, position: positionOf(channel, order) },
      namespace,
      cursorKeys,
    );
  const { channels, total, offset } = found;
  const number = Math.floor(offset / perPage) + 1;
  const next = found.hasNext ? seal(channels.at(-1), 'after', offset + channels.length) : undefined;
  const previous = found.hasPrevious ? seal(channels[0], 'before', offset) : undefined;
  return {
    channels,
    pagination: {
      page: number,
      per_page: perPage,
      pre_page: number - 1,
      next_page: next === undefined ? 0 : number + 1,
      total,
      total_page: Math.ceil(total / perPage),
      ...(next !== undefined && { next_cursor: next }),
      ...(previous !== undefined && { prev_cursor: previous }),
    },
  };
};
