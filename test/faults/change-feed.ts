import assert from 'node:assert/strict';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { untilNumbered } from '../support/change-feed.ts';
import type { Fault, FaultProxy } from '../support/fault-proxy.ts';
import { randomFrom } from '../support/random.ts';
import type { Service } from '../support/service.ts';
import { type ChangeReader, newChangeReader } from './change-readers.ts';
import { runChangeWriters } from './change-writers.ts';
import { compareLists, type Listed } from './compare-lists.ts';
import { judgeCopy } from './judge-copies.ts';
import { seededFaults } from './seeded-faults.ts';
import { startUnreliablePublisher } from './unreliable-publisher.ts';
import { collectVersions } from './versions.ts';

const writers = 8;
const faultShare = 0.1;
/** So many transactions that number changes are refused, so that the publisher fails. */
const refusedShare = 0.1;
const refused: Fault = { __type: 'com.amazonaws.dynamodb.v20120810#AccessDeniedException' };

export interface ChangeFeedResult {
  /** Sentences about copies that differ from their namespace after all writes, or after the deletion of all channels. */
  wrongCopies: string[];
  /** Sentences about states in copies that a channel never had, or that go back. */
  wrongStates: string[];
  /** Answers that no request may get. */
  unexpected: string[];
  readers: number;
  pages: number;
  rows: number;
  /** How often a reader lost an answer before it stored it. */
  stops: number;
  /** How many channels the namespaces have after all writes, and how many versions all channels had. */
  channels: number;
  versions: number;
  /** Writes by readers. */
  written: number;
  /** The tries of calls to DynamoDB that had a fault. */
  faults: number;
  kills: number;
  /** Batches that two publishers got at once. */
  doubled: number;
  deadLetters: number;
}

const isNumbering = (body: { TransactItems: unknown[] }): boolean =>
  JSON.stringify(body.TransactItems[0]).includes('"LOG#');

const compareCopy = ({ namespace, writes, copy }: ChangeReader, { channels }: Listed): string[] => {
  const own = [...channels.values()].filter(({ company_namespace: all }) => all.includes(namespace));
  const ids = new Set([...copy.keys(), ...own.map(({ _id }) => _id)]);
  return [...ids]
    .filter((id) => JSON.stringify(copy.get(id)) !== JSON.stringify(own.find(({ _id }) => _id === id)))
    .map(
      (id) =>
        `${namespace}${writes ? ', exclude_self' : ''}: the copy has ${JSON.stringify(copy.get(id))} instead of ${JSON.stringify(channels.get(id))}`,
    );
};

const create = async ({ call }: Service, key: string, namespace: string): Promise<string> => {
  const headers = { 'x-company-namespace': namespace };
  const { status, body } = await call('POST /client-channel', { key, headers, body: { name: 'last' } });
  assert.equal(status, 201);
  return body.data._id;
};

/** Deletes channels one after the other, and repeats each deletion until it is done. */
const removeAll = async ({ call }: Service, key: string, channels: ChannelDocument[]): Promise<void> => {
  for (const { _id, company_namespace } of channels) {
    const headers = { 'x-company-namespace': company_namespace[0] as string };
    let status: number | undefined;
    while (status !== 200 && status !== 404)
      status = await call(`DELETE /client-channel/${_id}`, { key, headers }).then((reply) => reply.status);
  }
};

/**
 * Lets readers follow the changes of two namespaces while 8 writers write to the same few channels, calls to DynamoDB fail in all
 * ways, and the publisher is killed, doubled and held back. Half of the readers write too, and read with `exclude_self`. In the end
 * all channels are deleted.
 */
export const runChangeFeed = async ({
  service,
  proxy,
  seed,
  count,
}: {
  service: Service;
  proxy: FaultProxy;
  seed: number;
  /** The number of writes of the 8 writers. */
  count: number;
}): Promise<ChangeFeedResult> => {
  const namespaces = ['a', 'b', 'c'].map((letter) => `feed${seed}-${letter}`);
  const random = randomFrom(seed);
  const faults = seededFaults(randomFrom(seed + 1), faultShare);
  const publisher = await startUnreliablePublisher(service, randomFrom(seed + 2));
  const readers = await Promise.all(
    [0, 1, 2, 3].map(async (index) =>
      newChangeReader(service, {
        key: await service.newKey({ namespaces }),
        namespace: namespaces[index % 2] as string,
        writes: index >= 2,
        random: randomFrom(seed + 3 + index),
      }),
    ),
  );

  let requests = 0;
  /** The publisher is held back from a third of the writes to the half. */
  const call: Service['call'] = (...request) => {
    requests++;
    if (requests === Math.floor(count / 3)) publisher.pause();
    if (requests === Math.floor(count / 2)) publisher.resume();
    return service.call(...request);
  };
  const fault: FaultProxy['fault'] = (operation, tried) =>
    operation === 'TransactWriteItems' && isNumbering(tried.body) && random.next() < refusedShare
      ? refused
      : faults.fault(operation, tried);
  proxy.fault = fault;
  let isOver = false;
  const reading = readers.map((reader) => reader.run(() => isOver));
  const key = await service.newKey({ namespaces });
  const options = { key, namespaces, writers, count, random };
  const unexpected = await runChangeWriters({ ...service, call }, options).finally(() => {
    isOver = true;
    publisher.resume();
  });
  await Promise.all(reading);

  /** Waits until all changes are numbered, and reads them. @returns what is wrong then, and the lists */
  const readNumbered = async () => {
    await proxy.allAnswered();
    proxy.fault = () => 'none';
    // The stream delivers in order. So the event of the last write says that everything before is numbered.
    for (const namespace of namespaces)
      await untilNumbered(service, [`${namespace}:${await create(service, key, namespace)}:0`]);
    for (const reader of readers) await reader.readToEnd();
    const listed = await compareLists(service, { namespaces, key, random, searches: 0 });
    return { listed, wrongCopies: readers.flatMap((reader) => compareCopy(reader, listed)) };
  };
  const written = await readNumbered();
  proxy.fault = fault;
  await removeAll(service, key, [...written.listed.channels.values()]);
  const removed = await readNumbered();
  await publisher.stop();

  const events = service.events.filter(({ detail }) => namespaces.includes(detail.namespace));
  const versions = collectVersions(events);
  const sum = (numberOf: (reader: ChangeReader) => number) =>
    readers.reduce((total, reader) => total + numberOf(reader), 0);
  return {
    wrongCopies: [...written.wrongCopies, ...removed.wrongCopies],
    wrongStates: readers.flatMap(({ namespace, states }) =>
      [...states].flatMap(([id, own]) =>
        judgeCopy(namespace, id, own, versions.get(id)?.documents ?? new Map()),
      ),
    ),
    unexpected: [
      ...unexpected,
      ...written.listed.contradictions,
      ...removed.listed.contradictions,
      ...readers.flatMap((reader) => reader.unexpected),
    ],
    readers: readers.length,
    pages: sum(({ pages }) => pages),
    rows: sum(({ rows }) => rows),
    stops: sum(({ stops }) => stops),
    written: sum(({ written }) => written),
    channels: written.listed.channels.size,
    versions: [...versions.values()].reduce((total, { documents }) => total + documents.size, 0),
    faults: faults.count(),
    kills: publisher.kills(),
    doubled: publisher.doubled(),
    deadLetters: publisher.deadLetters(),
  };
};
