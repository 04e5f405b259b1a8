import { type Channel, toDocument } from '../channels/channel.ts';
import type { ChannelDocument } from '../channels/document-schema.ts';
import { above, allIds, isEmpty } from '../channels/id-range.ts';
import { fromItem } from '../channels/items.ts';
import { channelsIn, keys } from '../channels/keys.ts';
import { readHead } from '../projections/change-log/log-head.ts';
import { entriesAfter, type LogEntry, type LogHead, toEntry } from '../projections/change-log/log-items.ts';
import type { ChannelTables } from '../projections/open-tables.ts';
import { encodedBytes, maxDataBytes } from '../response-size.ts';
import { type ChangeCursor, cursorExpired } from './change-cursor.ts';

/** One change in a response: the channel as it is now, or that it is gone. */
export type ChannelChange =
  | { type: 'upsert'; channel: ChannelDocument; changed_at: string }
  | { type: 'delete'; _id: string; changed_at: string };

export interface ChangePage {
  changes: ChannelChange[];
  next: ChangeCursor;
  hasMore: boolean;
}

export interface ChangePageRequest {
  namespace: string;
  /** Undefined begins with all channels of the namespace. */
  cursor: ChangeCursor | undefined;
  perPage: number;
  /** Leaves out what this API key has changed since the first reading was complete. */
  excludedKey: string | undefined;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** How long a cursor works: two days less than the entries of the log are kept. */
const cursorLifetimeMs = 90 * 24 * 60 * 60 * 1000;

const upsertOf = (channel: Channel): ChannelChange => {
  const document = toDocument(channel);
  return { type: 'upsert', channel: document, changed_at: document.updatedAt };
};

/** Reads the next channels of a first reading. One query reads at most 1 MB, so that the page fits a response. */
const readChannels = async (
  { channels }: ChannelTables,
  { namespace, perPage }: ChangePageRequest,
  cursor: ChangeCursor,
): Promise<ChangePage> => {
  const range = cursor.lastId === '' ? allIds : above(cursor.lastId, allIds);
  const page = isEmpty(range)
    ? { items: [], lastKey: undefined }
    : await channels.query({ ...channelsIn(namespace, range), Limit: perPage });
  const next: ChangeCursor = page.lastKey
    ? { ...cursor, lastId: page.lastKey.sk as string }
    : { ...cursor, phase: 'log', lastId: '' };
  return { changes: page.items.map(fromItem).map(upsertOf), next, hasMore: true };
};

/**
 * The entries up to the first gap. A query sees the entries of one transaction one by one, in any order, so those after a gap
 * must wait: the reader would never come back for the missing one.
 */
const withoutGap = (entries: LogEntry[], number: number): LogEntry[] => {
  const gap = entries.findIndex((entry, index) => entry.number !== number + 1 + index);
  return gap === -1 ? entries : entries.slice(0, gap);
};

/**
 * Whether a reader wants an entry. A reader that excludes its own key still wants what the key changed while the first reading
 * ran: the walk may have passed that channel before, and the reader then drops every channel that the reading did not bring.
 * There is no margin for different clocks: it would bring back what the key changes right after the reading, or right before
 * it. So a reader that makes changes while its first reading runs counts them as brought.
 */
const isWanted = (
  { by, at }: LogEntry,
  excludedKey: string | undefined,
  { beganAt, completedAt }: ChangeCursor,
): boolean => completedAt === null || by !== excludedKey || (beganAt <= at && at <= completedAt);

/** The entries of one channel: at least one. */
type ChannelEntries = [LogEntry, ...LogEntry[]];

/** The entries of each channel, in the order of their first entries. */
const groupByChannel = (entries: LogEntry[]) =>
  [...Map.groupBy(entries, ({ id }) => id).values()] as ChannelEntries[];

/** How many of these rows fit one response, counted from the first. One always fits. */
const countThatFits = (rows: ChannelChange[]): number => {
  let bytes = 0;
  const tooMany = rows.findIndex((row) => {
    bytes += encodedBytes(row);
    return bytes > maxDataBytes;
  });
  return tooMany === -1 ? rows.length : tooMany;
};

/** Reads the channels that changed, strongly consistent: no older than the entries that name them. */
const readRows = async (
  { channels: table }: ChannelTables,
  namespace: string,
  groups: ChannelEntries[],
): Promise<ChannelChange[]> => {
  const items = await table.batchGet(groups.map(([{ id }]) => keys.channel(namespace, id)));
  const channels = new Map(items.map(fromItem).map((channel) => [channel._id, channel]));
  return groups.map((entries) => {
    const [{ id }] = entries;
    const channel = channels.get(id);
    if (channel) return upsertOf(channel);
    // Not the last entry: an earlier change may be numbered once more after it.
    const deletedAt = Math.max(...entries.map(({ at }) => at));
    return { type: 'delete', _id: id, changed_at: new Date(deletedAt).toISOString() };
  });
};

/**
 * Reads the next entries of the log.
 * @param head read before, at `readAt`
 */
const readLog = async (
  tables: ChannelTables,
  { namespace, perPage, excludedKey }: ChangePageRequest,
  cursor: ChangeCursor,
  head: LogHead,
  readAt: number,
): Promise<ChangePage> => {
  const { number, completedAt } = cursor;
  const stored =
    number < head.lastNumber
      ? await tables.projections.query({ ...entriesAfter(namespace, head, number), Limit: perPage })
      : { items: [] };
  const entries = withoutGap(stored.items.map(toEntry), number);
  const groups = groupByChannel(entries).filter((ofChannel) =>
    ofChannel.some((entry) => isWanted(entry, excludedKey, cursor)),
  );
  const rows = await readRows(tables, namespace, groups);
  const fitting = countThatFits(rows);
  const firstLeftOut = groups[fitting]?.[0].number;
  const known = entries.filter((entry) => firstLeftOut === undefined || entry.number < firstLeftOut).at(-1);
  const hasMore = (known?.number ?? number) < head.lastNumber;
  return {
    changes: rows.slice(0, fitting),
    next: {
      ...cursor,
      number: known?.number ?? number,
      completedAt: completedAt ?? (hasMore ? null : readAt),
      // At the end of the log, nothing after the cursor is older than the read of the head.
      time: hasMore ? (known?.numberedAt ?? cursor.time) : readAt,
    },
    hasMore,
  };
};

/**
 * Reads the next changes of a namespace after a cursor: first its channels, then the entries of its change log.
 * `docs/guarantees.md` says why a copy that applies these pages becomes equal to the namespace.
 * @throws ApiError `cursor_expired` if the cursor is too old, or if the log that it belongs to was replaced
 */
export const readChanges = async (tables: ChannelTables, request: ChangePageRequest): Promise<ChangePage> => {
  const { namespace, cursor, now } = request;
  const readAt = now();
  if (cursor && readAt - cursor.time > cursorLifetimeMs) throw cursorExpired();
  // The head is read before the channels: whatever changes afterwards has a higher number.
  const head = await readHead(tables.projections, namespace);
  if (!cursor) {
    const { generation, lastNumber: number } = head;
    const start = {
      phase: 'channels',
      generation,
      number,
      lastId: '',
      beganAt: readAt,
      completedAt: null,
      time: readAt,
    } as const;
    return readChannels(tables, request, start);
  }
  if (cursor.generation !== head.generation || cursor.number > head.lastNumber) throw cursorExpired();
  if (cursor.phase === 'channels') return readChannels(tables, request, cursor);
  return readLog(tables, request, cursor, head, readAt);
};
