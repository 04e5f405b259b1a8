import { setTimeout as pause } from 'node:timers/promises';
import type { BusEntry, PutEntries } from './bus.ts';
import type { ChannelEvent } from './event-schema.ts';

/** The limits of one call: entries, and bytes of all entries together (EventBridge's PutEvents). */
const callLimit = { entries: 10, bytes: 256 * 1024 };

/** How often an entry is sent before it is dropped. */
const maxAttempts = 4;
const firstPauseMs = 10;

/** A margin for the other bytes that EventBridge counts: time, keys and quotes. */
const envelopeBytes = 512;

interface PendingEntry {
  /** The index of the event in the list of events to publish. */
  index: number;
  /** The namespace and id of the channel. Events of one channel keep their order. */
  channel: string;
  entry: BusEntry;
  bytes: number;
  failures: number;
}

const channelOf = ({ detail }: ChannelEvent): string =>
  `${detail.namespace}:${(detail.channel ?? detail.previous)?._id}`;

const toPending = (event: ChannelEvent, index: number): PendingEntry => {
  const { source: Source, 'detail-type': DetailType, detail } = event;
  const Detail = JSON.stringify(detail);
  return {
    index,
    channel: channelOf(event),
    entry: { Source, DetailType, Detail, Time: new Date(detail.occurred_at) },
    bytes:
      Buffer.byteLength(Source) + Buffer.byteLength(DetailType) + Buffer.byteLength(Detail) + envelopeBytes,
    failures: 0,
  };
};

/**
 * Chooses the next entries that fit one call. Takes only one entry of each channel: if the bus rejected the first of two and
 * accepted the second, the second would overtake the first.
 */
const nextCall = (pending: PendingEntry[]): PendingEntry[] => {
  const call: PendingEntry[] = [];
  const channels = new Set<string>();
  let bytes = 0;
  for (const each of pending) {
    if (call.length === callLimit.entries) break;
    if (!channels.has(each.channel) && bytes + each.bytes <= callLimit.bytes) {
      call.push(each);
      bytes += each.bytes;
    }
    channels.add(each.channel);
  }
  return call;
};

/** Drops entries that were rejected too often or are too large, and the later entries of their channels. */
const dropExhausted = (
  pending: PendingEntry[],
  rejected: Map<PendingEntry, string>,
  failed: Map<number, string>,
): PendingEntry[] => {
  const blocked = new Set<string>();
  return pending.filter((each) => {
    const reason = rejected.get(each);
    const isExhausted =
      reason !== undefined && (each.failures >= maxAttempts || each.bytes > callLimit.bytes);
    if (isExhausted) blocked.add(each.channel);
    if (!blocked.has(each.channel)) return true;
    failed.set(each.index, isExhausted ? reason : 'An earlier event of the channel failed.');
    return false;
  });
};

const send = async (
  call: PendingEntry[],
  put: PutEntries,
  signal: AbortSignal,
): Promise<Map<PendingEntry, string>> => {
  const reasons = await put(
    call.map(({ entry }) => entry),
    signal,
  );
  const rejected = new Map<PendingEntry, string>();
  for (const [index, each] of call.entries()) {
    const reason = reasons[index];
    if (reason === undefined) continue;
    each.failures++;
    rejected.set(each, reason);
  }
  return rejected;
};

/**
 * Publishes events in as few calls as the limits allow. Sends again only the entries that the bus rejects. No event
 * overtakes an earlier event of its channel. An event of more than 256 KB, EventBridge's limit, fails: it is never cut.
 * If a call fails as a whole (the SDK has already repeated it), all events that are still pending fail.
 * @returns the reason for each event that was not published, by the index of the event
 */
export const publish = async (
  put: PutEntries,
  events: readonly ChannelEvent[],
  signal: AbortSignal,
): Promise<Map<number, string>> => {
  const failed = new Map<number, string>();
  const all = events.map(toPending);
  const tooLarge = all.filter(({ bytes }) => bytes > callLimit.bytes);
  let pending = dropExhausted(
    all,
    new Map(
      tooLarge.map((each) => [each, `The event has ${each.bytes} bytes; the limit is ${callLimit.bytes}.`]),
    ),
    failed,
  );
  try {
    while (pending.length) {
      const call = nextCall(pending);
      const rejected = await send(call, put, signal);
      pending = dropExhausted(
        pending.filter((each) => !call.includes(each) || rejected.has(each)),
        rejected,
        failed,
      );
      const maxFailures = Math.max(0, ...[...rejected.keys()].map(({ failures }) => failures));
      if (maxFailures && pending.length)
        await pause(Math.random() * firstPauseMs * 2 ** maxFailures, undefined, { signal });
    }
  } catch (error) {
    for (const { index } of pending) failed.set(index, (error as Error).message);
  }
  return failed;
};
