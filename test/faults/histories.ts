import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { streamConsumers } from '../../lib/manifest/stream-consumers.ts';
import { startStreamConsumers } from '../../local/start-stream-consumers.ts';
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
  seed: number;
  /** The number of requests. */
  count: number;
  /** How long to wait for the last events. Default: 60,000. */
  eventsTimeoutMs?: number;
}

export interface HistoryResult {
  requests: number;
  channels: number;
  /** The tries of calls to DynamoDB that had a fault. */
  faults: number;
  statuses: Record<string, number>;
  /** Answers that no request of the histories may get, such as 500. */
  unexpected: string[];
  /** Sentences about totals, copies, searches, events and documents that contradict each other. */
  contradictions: string[];
  /** The channels whose history is wrong. */
  evidence: { fault: Fault; history: ChannelHistory; versions: ChannelVersions | undefined }[];
}

const clients = 8;
const faultShare = 0.1;
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

/** A creation whose answer is unknown is found by the word in its name. @returns sentences about creations done twice */
const findCreated = (histories: ChannelHistory[], channels: Map<string, ChannelDocument>): string[] => {
  const ids = new Map<string, string[]>();
  for (const { _id, name } of channels.values()) {
    const word = name.split(' ')[0] as string;
    ids.set(word, [...(ids.get(word) ?? []), _id]);
  }
  for (const history of histories) history.id ??= ids.get(history.word)?.[0];
  return [...ids].flatMap(([word, own]) =>
    own.length > 1 ? `the creation of ${word} made ${own.length} channels` : [],
  );
};

/** Waits until the events are complete. @returns the versions of all channels, and sentences about wrong events */
export const readVersions = async (
  { events }: Service,
  namespaces: string[],
  channels: Map<string, ChannelDocument>,
  timeoutMs: number,
) => {
  const collect = () => {
    const versions = collectVersions(events.filter(({ detail }) => namespaces.includes(detail.namespace)));
    const wrong = [...versions].flatMap(([id, own]) => findWrongEvents(id, own));
    for (const { _id, __v } of channels.values())
      if (!versions.get(_id)?.documents.has(__v)) wrong.push(`no event shows version ${__v} of ${_id}`);
    return { versions, wrong };
  };
  await eventually(() => {
    if (collect().wrong.length) throw new Error();
  }, timeoutMs).catch(() => undefined);
  return collect();
};

/**
 * Lets 8 clients work on the same channels while calls to DynamoDB fail in all ways and clocks differ. Then it checks that
 * the answers have an explanation (see `linearize`), and that totals, copies, searches and events agree with it.
 */
export const runHistories = async (options: HistoryOptions): Promise<HistoryResult> => {
  const { service, proxy, seed, count, eventsTimeoutMs = 60_000 } = options;
  const random = randomFrom(seed);
  const faults = seededFaults(randomFrom(seed + 1), faultShare);
  const consumers = await startStreamConsumers(streamConsumers, {
    tableName: service.channels.name,
    report: () => undefined,
  });
  proxy.fault = faults.fault;
  const recorded = await withDifferentClocks(randomFrom(seed + 2).next, () =>
    runClients(service, { run: `h${seed}`, random, count, clients }),
  );
  await proxy.allAnswered();
  proxy.fault = () => 'none';

  const { namespaces, key, channels: histories } = recorded;
  const listed = await compareLists(service, { namespaces, key, random, searches: 20 });
  const contradictions = [...listed.contradictions, ...findCreated(histories, listed.channels)];
  const { versions, wrong } = await readVersions(service, namespaces, listed.channels, eventsTimeoutMs);
  contradictions.push(...wrong);
  await consumers.stop();

  const created = new Set(histories.map(({ id }) => id));
  for (const id of versions.keys()) if (!created.has(id)) contradictions.push(`no client created ${id}`);
  const evidence = histories.flatMap((history) => {
    const own = versions.get(history.id ?? '');
    if (own) contradictions.push(...findWrongDocuments(own, shownIn(history)));
    const operations = withLastRead(history, listed.channels.get(history.id ?? ''));
    const fault = judge({ operations, versions: own && statesOf(own) });
    return fault ? { fault, history, versions: own } : [];
  });
  return {
    requests: Object.values(recorded.statuses).reduce((sum, each) => sum + each, 0),
    channels: histories.length,
    faults: faults.count(),
    statuses: recorded.statuses,
    unexpected: recorded.unexpected,
    contradictions,
    evidence,
  };
};
