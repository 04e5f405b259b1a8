import { setTimeout as pause } from 'node:timers/promises';
import type { BusEntry, PutEntries } from './bus.ts';
import type { ChannelEvent } from './schema.ts';

/** What one call takes: entries, and bytes of all of them together (EventBridge's PutEvents). */
const callLimit = { entries: 10, bytes: 256 * 1024 };

/** How often an entry is sent before it counts as failed. */
const maxAttempts = 4;
const firstPauseMs = 10;

/** Room for what EventBridge counts besides the texts themselves: the time, keys and quotes. */
const envelopeBytes = 512;

interface PendingEntry {
  /** The event's place among those to publish. */
  index: number;
  /** Events of one channel keep their order. */
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
    bytes: Buffer.byteLength(Source) + Buffer.byteLength(DetailType) + Buffer.byteLength(Detail) + envelopeBytes,
    failures: 0,
  };
};

/**
 * The first of the pending that fit one call. Of a channel only its next: were the first of two refused and the second
 * taken, the second would have overtaken it.
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

/** Takes those that were refused once too often, and what waits behind them, out of what is pending. */
const dropExhausted = (
  pending: PendingEntry[],
  refused: Map<PendingEntry, string>,
  failed: Map<number, string>,
): PendingEntry[] => {
  const blocked = new Set<string>();
  return pending.filter((each) => {
    const why = refused.get(each);
    const isLost = why !== undefined && (each.failures >= maxAttempts || each.bytes > callLimit.bytes);
    if (isLost) blocked.add(each.channel);
    if (!blocked.has(each.channel)) return true;
    failed.set(each.index, isLost ? why : 'It waits for an earlier event of its channel.');
    return false;
  });
};

const send = async (call: PendingEntry[], put: PutEntries, signal: AbortSignal): Promise<Map<PendingEntry, string>> => {
  const answers = await put(
    call.map(({ entry }) => entry),
    signal,
  );
  const refused = new Map<PendingEntry, string>();
  for (const [index, each] of call.entries()) {
    const why = answers[index];
    if (why === undefined) continue;
    each.failures++;
    refused.set(each, why);
  }
  return refused;
};

/**
 * Publishes events in as few calls as their limits allow. What the bus refuses is sent again, and nothing else; no event
 * overtakes another of its channel. An event beyond EventBridge's 256 KB is never cut to fit: it fails.
 * @returns of each event that is not published, by its place, why. A call that fails as a whole, which the SDK has
 * repeated, ends the publishing.
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
    new Map(tooLarge.map((each) => [each, `It has ${each.bytes} bytes: ${callLimit.bytes} is the limit.`])),
    failed,
  );
  try {
    while (pending.length) {
      const call = nextCall(pending);
      const refused = await send(call, put, signal);
      pending = dropExhausted(
        pending.filter((each) => !call.includes(each) || refused.has(each)),
        refused,
        failed,
      );
      const most = Math.max(0, ...[...refused.keys()].map(({ failures }) => failures));
      if (most && pending.length) await pause(Math.random() * firstPauseMs * 2 ** most, undefined, { signal });
    }
  } catch (error) {
    for (const { index } of pending) failed.set(index, (error as Error).message);
  }
  return failed;
};
