import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { streamConsumers } from '../../lib/manifest/stream-consumers.ts';
import { startStreamConsumers } from '../../local/start-stream-consumers.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import { laggingReads } from '../support/lagging-reads.ts';
import { randomFrom } from '../support/random.ts';
import type { Service } from '../support/service.ts';
import { compareLists } from './compare-lists.ts';
import { readVersions } from './histories.ts';
import { judgeUpserts } from './judge-upserts.ts';
import type { KeyedWrite } from './keyed-write.ts';
import { seededFaults } from './seeded-faults.ts';
import { runUpsertClients, type UpsertClientOptions } from './upsert-clients.ts';
import { isContested, keysIn, pathOf } from './upsert-keys.ts';

const faultShare = 0.1;
/** The share of the items that reads show in an old state, where they need not be strongly consistent. */
const oldShare = 0.5;

/** Keys that only upserts give to channels, and that several channels of a namespace carry. */
const findDuplicates = (channels: Iterable<ChannelDocument>): string[] => {
  const carriers = [...channels].flatMap((channel) =>
    channel.company_namespace.flatMap((namespace) =>
      keysIn(channel)
        .filter((key) => !isContested(key))
        .map((key) => ({ place: `${key} of ${namespace}`, id: channel._id })),
    ),
  );
  return [...Map.groupBy(carriers, ({ place }) => place)]
    .filter(([, own]) => own.length > 1)
    .map(([place, own]) => `${place} has the channels ${own.map(({ id }) => id)}`);
};

const count = (names: string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

const isDone = ({ claim: { kind } }: KeyedWrite) =>
  kind === 'created' || kind === 'updated' || kind === 'deleted';

/** What a write is about, where this makes a difference for external keys. */
const nameOf = ({ by, key, newNamespaces }: KeyedWrite): string =>
  `${by}${newNamespaces ? ' of namespaces' : ''}${by === 'upsert' && pathOf(key) === 'id' ? ' by id' : ''}`;

export interface UpsertRunResult {
  /** Rows of upserts by what their answer says. */
  rows: Record<string, number>;
  /** Writes that were done, by what they are about. */
  done: Record<string, number>;
  statuses: Record<string, number>;
  /** The tries of calls to DynamoDB that had a fault. */
  faults: number;
  /** Keys that upserts gave to two channels of one namespace, at the end. */
  duplicates: string[];
  /** Answers that are not true. */
  wrongAnswers: string[];
  /** Totals, external keys, searches and events that contradict each other. */
  contradictions: string[];
}

/**
 * Lets many clients upsert the same keys at once in two namespaces, alongside other writes, while calls to DynamoDB fail in all ways, and reads
 * that are not strongly consistent lag. Then it checks every answer, and what is stored.
 */
export const runUpserts = async ({
  service,
  proxy,
  seed,
  eventsTimeoutMs = 60_000,
  ...size
}: Omit<UpsertClientOptions, 'namespaces' | 'apiKeys' | 'random'> & {
  service: Service;
  proxy: FaultProxy;
  seed: number;
  /** How long to wait for the last events. */
  eventsTimeoutMs?: number;
}): Promise<UpsertRunResult> => {
  const namespaces: [string, string] = [`upserts-${seed}`, `upserts-${seed}-other`];
  const apiKey = await service.newKey({ namespaces });
  const keyOfSecond = await service.newKey({ namespaces: namespaces.slice(1) });
  const random = randomFrom(seed);
  const faults = seededFaults(randomFrom(seed + 1), faultShare);
  const consumers = await startStreamConsumers(streamConsumers, {
    tableName: service.channels.name,
    report: () => undefined,
  });
  const lagging = laggingReads(randomFrom(seed + 2), oldShare);
  proxy.fault = (operation, tried) => {
    const fault = faults.fault(operation, tried);
    return fault === 'none' && operation === 'BatchGetItem' ? lagging(tried.body) : fault;
  };
  const { writes, unexpected, statuses } = await runUpsertClients(service, {
    ...size,
    namespaces,
    apiKeys: [apiKey, keyOfSecond],
    random,
  });
  await proxy.allAnswered();
  proxy.fault = () => 'none';

  const { channels, contradictions } = await compareLists(service, {
    namespaces,
    key: apiKey,
    random,
    searches: 8,
  });
  const { versions, wrong } = await readVersions(service, namespaces, channels, eventsTimeoutMs);
  await consumers.stop();
  return {
    rows: count(writes.filter(({ by }) => by === 'upsert').map(({ claim }) => claim.kind)),
    done: count(writes.filter(isDone).map(nameOf)),
    statuses,
    faults: faults.count(),
    duplicates: findDuplicates(channels.values()),
    wrongAnswers: [...unexpected, ...judgeUpserts(writes, versions)],
    contradictions: [...contradictions, ...wrong],
  };
};
