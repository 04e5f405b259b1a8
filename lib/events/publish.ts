import { setTimeout as pause } from 'node:timers/promises';
import type { Entry, PutEntries } from './bus.ts';
import type { ChannelEvent } from './schema.ts';

/** What one call takes: entries, and bytes of all of them together (EventBridge's PutEvents). */
const callLimit = { entries: 10, bytes: 256 * 1024 };

/** How often an entry is sent before it counts as failed. */
const tries = 4;
const firstPause = 10;

/** Room for what EventBridge counts besides the texts themselves: the time, keys and quotes. */
const envelope = 512;

interface Pending {
  /** The event's place among those to publish. */
  place: number;
  /** Events of one channel keep their order. */
  channel: string;
  entry: Entry;
  bytes: number;
  failures: number;
}

const channelOf = ({ detail }: ChannelEvent): string =>
  `${detail.namespace}:${(detail.channel ?? detail.previous)?._id}`;

const toPending = (event: ChannelEvent, place: number): Pending => {
  const { source: Source, 'detail-type': DetailType, detail } = event;
  const Detail = JSON.stringify(detail);
  return {
    place,
    channel: channelOf(event),
    entry: { Source, DetailType, Detail, Time: new Date(detail.occurred_at) },
    bytes: Buffer.byteLength(Source) + Buffer.byteLength(DetailType) + Buffer.byteLength(Detail) + envelope,
    failures: 0,
  };
};

/**
 * The first of the pending that fit one call. Of a channel only its next: were the first of two refused and the second
 * taken, the second would have overtaken it.
 */
const nextCall = (pending: Pending[]): Pending[] => {
  const call: Pending[] = [];
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
const giveUp = (
  pending: Pending[],
  refused: Map<Pending, string>,
  failed: Map<number, string>,
): Pending[] => {
  const blocked = new Set<string>();
  return pending.filter((each) => {
    const why = refused.get(each);
    const isLost = why !== undefined && (each.failures >= tries || each.bytes > callLimit.bytes);
    if (isLost) blocked.add(each.channel);
    if (!blocked.has(each.channel)) return true;
    failed.set(each.place, isLost ? why : 'It waits for an earlier event of its channel.');
    return false;
  });
};

const send = async (call: Pending[], put: PutEntries, signal: AbortSignal): Promise<Map<Pending, string>> => {
  const answers = await put(
    call.map(({ entry }) => entry),
    signal,
  );
  const refused = new Map<Pending, string>();
  for (const [place, each] of call.entries()) {
    const why = answers[place];
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
  let pending = giveUp(
    all,
    new Map(tooLarge.map((each) => [each, `It has ${each.bytes} bytes: ${callLimit.bytes} is the limit.`])),
    failed,
  );
  try {
    while (pending.length) {
      const call = nextCall(pending);
      const refused = await send(call, put, signal);
      pending = giveUp(
        pending.filter((each) => !call.includes(each) || refused.has(each)),
        refused,
        failed,
      );
      const most = Math.max(0, ...[...refused.keys()].map(({ failures }) => failures));
      if (most && pending.length) await pause(Math.random() * firstPause * 2 ** most, undefined, { signal });
    }
  } catch (error) {
    for (const { place } of pending) failed.set(place, (error as Error).message);
  }
  return failed;
};
