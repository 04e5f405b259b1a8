import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { streamConsumers } from '../../lib/manifest/stream-consumers.ts';
import { startStreamConsumers } from '../../local/start-stream-consumers.ts';
import { cursorAfter, readToEnd } from '../support/change-feed.ts';
import { eventually } from '../support/eventually.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import { randomFrom } from '../support/random.ts';
import { readWholeHistory } from '../support/read-whole-history.ts';
import type { Service } from '../support/service.ts';
import { compareLists } from './compare-lists.ts';
import { readVersions } from './histories.ts';
import { judge } from './judge.ts';
import type { Operation } from './operation.ts';
import { type Round, runRestoreRounds } from './restore-rounds.ts';
import { seededFaults } from './seeded-faults.ts';
import { type ChannelVersions, findWrongDocuments, statesOf } from './versions.ts';

const faultShare = 0.15;

export interface RestoreRunResult {
  restores: Record<string, number>;
  statuses: Record<string, number>;
  /** The tries of calls to DynamoDB that had a fault. */
  faults: number;
  /** External ids that an upsert or a restore gave to a channel although another one had it. */
  duplicates: string[];
  /** Answers that are not true. */
  wrongAnswers: string[];
  /** Totals, external keys, searches, events, changes and histories that contradict each other. */
  contradictions: string[];
}

const byId = (one: ChannelDocument, other: ChannelDocument) => (one._id < other._id ? -1 : 1);

const isEqual = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** Whether every request that may have made this version of a channel began after a time. */
const isMadeAfter = (round: Round, { _id, __v }: ChannelDocument, after: number): boolean =>
  (round.channels.get(_id) ?? [])
    .filter(({ action: { kind } }) => kind === 'restore' || kind === 'create')
    .filter(
      ({ outcome }) => outcome === 'unknown' || (typeof outcome === 'object' && outcome.document.__v === __v),
    )
    .every(({ start }) => start > after);

/** @param channels all channels at the end */
const findDuplicates = (rounds: Round[], channels: ChannelDocument[]): string[] => {
  const byKey = Map.groupBy(channels, ({ integration_meta }) => `${integration_meta?.external_id}`);
  return rounds.flatMap((round) => {
    const own = byKey.get(round.externalId) ?? [];
    const kept = own.filter(({ _id }) => !round.posted.has(_id));
    const isAmbiguous = round.isContested ? false : own.length > 1;
    const late = own.flatMap(({ _id }) => {
      const end = round.posted.get(_id);
      return end === undefined ? [] : kept.filter((each) => isMadeAfter(round, each, end));
    });
    return isAmbiguous || late.length
      ? [`${round.externalId} has the channels ${own.map(({ _id, __v }) => `${_id} (${__v})`)}`]
      : [];
  });
};

const shownIn = (operations: Operation[]): ChannelDocument[] =>
  operations.flatMap(({ outcome }) => (typeof outcome === 'object' ? outcome.document : []));

/** @returns sentences about answers that no order of the operations explains, or that name a channel without the external id */
const judgeRound = (
  round: Round,
  versions: Map<string, ChannelVersions>,
  last: Map<string, ChannelDocument>,
): string[] => {
  const wrong = round.named
    .filter((id) => {
      const documents = [...(versions.get(id)?.documents.values() ?? [])];
      return !documents.some((each) => each?.integration_meta?.external_id === round.externalId);
    })
    .map((id) => `a refused restore names ${id}, which never had ${round.externalId}`);
  const faults = [...round.channels].flatMap(([id, operations]) => {
    const own = versions.get(id);
    if (!own) return [`no event shows ${id}`];
    const end = Number.MAX_SAFE_INTEGER;
    const document = last.get(id);
    const namespace = operations[0]?.namespace as string;
    const read = { namespace, action: { kind: 'read' } as const, start: end - 1, end };
    const all = [...operations, { ...read, outcome: document ? { document } : ('absent' as const) }];
    const fault = judge({ operations: all, versions: statesOf(own) });
    return [
      ...(fault ? [`${fault}: ${id} ${JSON.stringify(all)} ${JSON.stringify([...own.documents])}`] : []),
      ...findWrongDocuments(own, shownIn(operations)),
    ];
  });
  return [...wrong, ...faults];
};

const typesOfEvents: Record<string, string> = {
  ChannelCreated: 'created',
  ChannelUpdated: 'updated',
  ChannelDeleted: 'deleted',
};

/** Compares the histories with the events. A channel that is created in a later version than the first one was restored. */
const findWrongHistories = async (service: Service, namespaces: string[], key: string): Promise<string[]> => {
  const own = service.events.filter(({ detail }) => namespaces.includes(detail.namespace));
  const byChannel = Map.groupBy(own, ({ detail: { namespace, channel, previous } }) =>
    [namespace, (channel ?? previous)._id].join(' '),
  );
  const wrong: string[] = [];
  for (const [name, events] of byChannel) {
    const [namespace, id] = name.split(' ') as [string, string];
    const byVersion = new Map(events.map((event) => [event.detail.version as number, event]));
    const expected = [...byVersion]
      .sort(([one], [other]) => other - one)
      .map(([version, { detail, 'detail-type': type }]) => ({
        version,
        at: detail.occurred_at,
        actor: detail.actor,
        type: type === 'ChannelCreated' && version > 0 ? 'restored' : typesOfEvents[type],
        changed: detail.changed,
        channel: detail.channel,
      }));
    const found = await readWholeHistory(service, { namespace, id }, { key, perPage: 100 });
    if (!isEqual(found, expected))
      wrong.push(`the history of ${name}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
  }
  return wrong;
};

/** A reader that keeps a copy of a namespace from now on. */
const startReader = async (service: Service, namespace: string, key: string) => {
  const copy = new Map<string, ChannelDocument>();
  let cursor: string | undefined;
  const read = async () => {
    const pages = await readToEnd(
      service,
      { cursor },
      { key, headers: { 'x-company-namespace': namespace } },
    );
    for (const row of pages.flatMap(({ data }) => data))
      if (row.type === 'upsert') copy.set(row.channel._id, row.channel);
      else copy.delete(row._id);
    cursor = cursorAfter(pages);
    return [...copy.values()].sort(byId);
  };
  await read();
  return { namespace, read };
};

const countRestores = (rounds: Round[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { channels } of rounds)
    for (const { action, outcome } of [...channels.values()].flat()) {
      if (action.kind !== 'restore') continue;
      const name = typeof outcome === 'object' ? 'done' : outcome;
      counts[name] = (counts[name] ?? 0) + 1;
    }
  return counts;
};

/**
 * Lets restores race against each other and against all writes of the same channels and external ids, while calls to DynamoDB fail
 * in all ways. Then it checks every answer, and everything that depends on the channels.
 */
export const runRestores = async ({
  service,
  proxy,
  seed,
  rounds: count,
  eventsTimeoutMs = 60_000,
}: {
  service: Service;
  proxy: FaultProxy;
  seed: number;
  rounds: number;
  /** How long to wait for the last events and changes. */
  eventsTimeoutMs?: number;
}): Promise<RestoreRunResult> => {
  const namespaces = [`restores-${seed}`, `restores-${seed}-other`];
  const key = await service.newKey({ namespaces });
  const random = randomFrom(seed);
  const faults = seededFaults(randomFrom(seed + 1), faultShare);
  const consumers = await startStreamConsumers(streamConsumers, {
    tableName: service.channels.name,
    report: () => undefined,
  });
  const readers = await Promise.all(namespaces.map((namespace) => startReader(service, namespace, key)));
  proxy.fault = faults.fault;
  const { rounds, unexpected, statuses } = await runRestoreRounds(service, {
    namespaces,
    key,
    random,
    count,
  });
  await proxy.allAnswered();
  proxy.fault = () => 'none';

  const { channels, contradictions } = await compareLists(service, { namespaces, key, random, searches: 20 });
  const { versions, wrong } = await readVersions(service, namespaces, channels, eventsTimeoutMs);
  for (const { namespace, read } of readers) {
    const listed = [...channels.values()]
      .filter(({ company_namespace }) => company_namespace.includes(namespace))
      .sort(byId);
    await eventually(async () => {
      if (!isEqual(await read(), listed)) throw new Error();
    }, eventsTimeoutMs).catch(() =>
      contradictions.push(`the changes of ${namespace} do not lead to its channels`),
    );
  }
  contradictions.push(...wrong, ...(await findWrongHistories(service, namespaces, key)));
  await consumers.stop();
  return {
    restores: countRestores(rounds),
    statuses,
    faults: faults.count(),
    duplicates: findDuplicates(rounds, [...channels.values()]),
    wrongAnswers: [...unexpected, ...rounds.flatMap((round) => judgeRound(round, versions, channels))],
    contradictions,
  };
};
