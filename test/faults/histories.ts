import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import type { BusEvent } from '../../local/event-bus.ts';
import { eventually } from '../support/eventually.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import { randomFrom } from '../support/random.ts';
import type { Service } from '../support/service.ts';
import { type ChannelHistory, runClients } from './clients.ts';
import { compareLists } from './compare-lists.ts';
import { type Fault, judge } from './judge.ts';
import type { Operation } from './operation.ts';
import { seededFaults } from './seeded-faults.ts';
import {
  type ChannelVersions,
  collectVersions,
  findWrongDocuments,
  findWrongEvents,
  statesOf,
} from './versions.ts';

export interface HistoryOptions {
  service: Service;
  proxy: FaultProxy;
  /** All events since the start of the service. */
  events: readonly BusEvent[];
  seed: number;
  /** The number of requests. */
  count: number;
}

export interface HistoryResult {
  requests: number;
  channels: number;
  /** The tries of calls to DynamoDB that had a fault. */
  faults: number;
  statuses: Record<string, number>;
  /** Channels whose history is wrong, by the kind of fault. */
  wrong: Record<Fault, number>;
  /** Answers that no request of the histories may get, such as 500. */
  unexpected: string[];
  /** Sentences about totals, copies, searches, events and documents that contradict each other. */
  contradictions: string[];
  /** The histories that are wrong, to find the cause. */
  evidence: { fault: Fault; history: ChannelHistory; versions: ChannelVersions | undefined }[];
}

const clients = 8;
const faultShare = 0.12;
/** The clocks of functions differ: each reading of the clock is up to so much behind. */
const clockDifferenceMs = 40;

/** Sets each reading of the clock back by a random time, as if functions with different clocks served the requests. */
const withDifferentClocks = async <Result>(
  next: () => number,
  run: () => Promise<Result>,
): Promise<Result> => {
  const now = Date.now;
  Date.now = () => now() - Math.floor(next() * clockDifferenceMs);
  return run().finally(() => {
    Date.now = now;
  });
};

/** Each channel as it is in the end is one more read, after all others. */
const withLastRead = ({ operations }: ChannelHistory, last: ChannelDocument | undefined): Operation[] => {
  const namespace = last?.company_namespace[0] ?? operations[0]?.namespace ?? '';
  const start = Number.MAX_SAFE_INTEGER - 1;
  const outcome = last ? { document: last } : ('absent' as const);
  return [...operations, { namespace, action: { kind: 'read' }, start, end: start + 1, outcome }];
};

const shownIn = ({ operations }: ChannelHistory): ChannelDocument[] =>
  operations.flatMap(({ outcome }) => (typeof outcome === 'object' ? outcome.document : []));

/**
 * Lets 8 clients work on the same channels while calls to DynamoDB fail in all ways and clocks differ. Then it checks that
 * the answers have an explanation (see `linearize`), and that totals, copies, searches and events agree with it.
 */
export const runHistories = async (options: HistoryOptions): Promise<HistoryResult> => {
  const { service, proxy, events, seed, count } = options;
  const run = `h${seed}`;
  const faults = seededFaults(randomFrom(seed + 1), faultShare);
  const firstEvent = events.length;
  const clockRandom = randomFrom(seed + 2);
  proxy.fault = faults.fault;
  const recorded = await withDifferentClocks(clockRandom.next, () =>
    runClients(service, { run, random: randomFrom(seed), count, clients }),
  );
  await proxy.settled();
  proxy.fault = () => 'none';

  const { namespaces, key } = recorded;
  const random = randomFrom(seed + 3);
  const listed = await compareLists(service, { namespaces, key, random, searches: 20 });
  const contradictions = [...listed.contradictions];

  // A creation whose answer is unknown is found by its name.
  const byWord = new Map<string, ChannelDocument[]>();
  for (const channel of listed.channels.values()) {
    const word = channel.name.split(' ')[0] as string;
    byWord.set(word, [...(byWord.get(word) ?? []), channel]);
  }
  for (const history of recorded.channels) {
    const found = byWord.get(history.word) ?? [];
    history.id ??= found[0]?._id;
    if (found.length > 1) contradictions.push(`one creation made ${found.length} channels: ${history.word}`);
  }

  const ownEvents = () =>
    events.slice(firstEvent).filter(({ detail }) => namespaces.includes(detail.namespace));
  const wrongEvents = () =>
    [...collectVersions(ownEvents())].flatMap(([id, versions]) => findWrongEvents(id, versions));
  const isComplete = () => {
    const versions = collectVersions(ownEvents());
    for (const { _id, __v } of listed.channels.values())
      if (!versions.get(_id)?.documents.has(__v)) throw new Error(`no event of version ${__v} of ${_id}`);
    const wrong = wrongEvents();
    if (wrong.length) throw new Error(wrong[0]);
  };
  await eventually(isComplete, 60_000).catch((error: Error) => contradictions.push(error.message));
  contradictions.push(...wrongEvents());

  const versions = collectVersions(ownEvents());
  const wrong: HistoryResult['wrong'] = { denied: 0, twice: 0, lost: 0, foreign: 0, unchecked: 0 };
  const evidence: HistoryResult['evidence'] = [];
  const explained = new Set(recorded.channels.map(({ id }) => id));
  for (const id of versions.keys()) if (!explained.has(id)) contradictions.push(`no client created ${id}`);
  for (const history of recorded.channels) {
    const own = versions.get(history.id ?? '');
    const operations = withLastRead(history, listed.channels.get(history.id ?? ''));
    const fault = judge({ operations, versions: own && statesOf(own) });
    if (own) contradictions.push(...findWrongDocuments(own, shownIn(history)));
    if (!fault) continue;
    wrong[fault]++;
    evidence.push({ fault, history, versions: own });
  }
  const requests = Object.values(recorded.statuses).reduce((sum, each) => sum + each, 0);
  return {
    requests,
    channels: recorded.channels.length,
    faults: faults.count(),
    statuses: recorded.statuses,
    wrong,
    unexpected: recorded.unexpected,
    contradictions,
    evidence,
  };
};
