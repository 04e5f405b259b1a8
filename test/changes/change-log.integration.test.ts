import { describe, expect, test } from '@jest/globals';
import type { ChangeCursor } from '../../lib/changes/change-cursor.ts';
import { readChanges } from '../../lib/changes/read-changes.ts';
import { toItem, tombstonePut } from '../../lib/channels/items.ts';
import { keys } from '../../lib/channels/keys.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { pages } from '../../lib/dynamodb/pages.ts';
import type { Change } from '../../lib/dynamodb/stream-record.ts';
import { beginGeneration, readHead } from '../../lib/projections/change-log/log-head.ts';
import { entriesAfter } from '../../lib/projections/change-log/log-items.ts';
import { numberChanges } from '../../lib/projections/change-log/number-changes.ts';
import {
  interceptQueries,
  interruptBefore,
  newNamespace as newNamespaceWithChannels,
} from '../support/projections.ts';
import { channelOf } from '../support/seed.ts';
import { useService } from '../support/use-service.ts';

const service = useService();
/** Not in the past: DynamoDB Local removes items whose time is over, at any moment. */
const now = Date.now();
const days92 = 92 * 24 * 60 * 60;

let count = 0;
const newNamespace = () => `numbered${++count}`;

/** Changes of channels and their items in one namespace. */
const changesIn = (namespace: string) => {
  const item = (ordinal: number, __v = 0, writtenBy = 'k') =>
    toItem(namespace, channelOf(ordinal, { __v, writtenBy, updatedAt: 1_000 * ordinal + __v }));
  const changeTo = (after: Item | undefined, before?: Item): Change => ({
    pk: (after ?? before)?.pk as string,
    sk: (after ?? before)?.sk as string,
    before,
    after,
  });
  const tombstone = (ordinal: number, __v: number, writtenBy = 'k') =>
    tombstonePut(namespace, channelOf(ordinal, { __v }), { now: 5_000 + ordinal, keyId: writtenBy }, true).Put
      ?.Item as Item;
  return {
    item,
    changeTo,
    tombstone,
    creation: (ordinal: number, writtenBy?: string) => changeTo(item(ordinal, 0, writtenBy)),
    update: (ordinal: number, version: number, writtenBy?: string) =>
      changeTo(item(ordinal, version, writtenBy), item(ordinal, version - 1)),
    deletion: (ordinal: number, version: number, writtenBy?: string) =>
      changeTo(tombstone(ordinal, version - 1, writtenBy)),
  };
};

const number = (changes: Change[]) => numberChanges(service.projections, changes, () => now);

/** The entries of the present log: the number, the ordinal of the channel, the key and the time of each. */
const logOf = async (namespace: string) => {
  const head = await readHead(service.projections, namespace);
  const entries: Item[] = [];
  const everything = entriesAfter(namespace, { ...head, lastNumber: 1e11 }, 0);
  for await (const page of pages(service.projections, everything)) entries.push(...page.items);
  expect(entries.map(({ sk }) => sk)).toEqual(
    Array.from({ length: head.lastNumber }, (_, index) => `${index + 1}`.padStart(12, '0')),
  );
  return entries.map(({ pk, sk, expiresAt, ...entry }) => {
    expect({ pk, expiresAt }).toEqual({
      pk: `LOG#${namespace}#${head.generation}`,
      expiresAt: Math.floor(now / 1000) + days92,
    });
    return entry;
  });
};
const entry = (ordinal: number, at: number, by = 'k') => ({ id: channelOf(ordinal)._id, by, at });

describe('a change of a channel is numbered, with its key and its time', () => {
  test('if the channel is created, updated, deleted or comes back', async () => {
    const namespace = newNamespace();
    const { creation, update, deletion, item, changeTo } = changesIn(namespace);

    await number([creation(1, 'a'), update(2, 1, 'b'), deletion(3, 2, 'c'), changeTo(item(4, 7, 'd'))]);

    expect(await logOf(namespace)).toEqual([
      entry(1, 1_000, 'a'),
      entry(2, 2_001, 'b'),
      entry(3, 5_003, 'c'),
      entry(4, 4_007, 'd'),
    ]);
  });

  test('once for each key in a batch, with the time of the last change', async () => {
    const namespace = newNamespace();
    const { creation, update, deletion } = changesIn(namespace);

    await number([
      creation(1),
      creation(2),
      update(1, 1),
      update(1, 2, 'other'),
      update(1, 3),
      deletion(2, 1),
    ]);

    expect(await logOf(namespace)).toEqual([entry(1, 1_003), entry(2, 5_002), entry(1, 1_002, 'other')]);
  });

  test('again if it comes again in another batch', async () => {
    const namespace = newNamespace();
    const { creation } = changesIn(namespace);

    await number([creation(1)]);
    await number([creation(1), creation(2)]);

    expect(await logOf(namespace)).toEqual([entry(1, 1_000), entry(1, 1_000), entry(2, 2_000)]);
  });

  test('in its namespace only', async () => {
    const [one, other] = [newNamespace(), newNamespace()];

    await number([
      changesIn(one).creation(1),
      changesIn(other).creation(2),
      changesIn(one).update(3, 1),
      changesIn(other).deletion(1, 4),
    ]);

    expect(await logOf(one)).toEqual([entry(1, 1_000), entry(3, 3_001)]);
    expect(await logOf(other)).toEqual([entry(2, 2_000), entry(1, 5_001)]);
  });
});

describe('any other change has no number', () => {
  const namespace = 'unnumbered';
  const { item, tombstone, changeTo } = changesIn(namespace);
  const other = (key: Item) => changeTo({ ...key, __v: 1, writtenBy: 'k', updatedAt: 1, deletedAt: 1 });

  test.each<[string, Change]>([
    ['of a channel without a new version, as a re-index makes it', changeTo(item(1, 3), item(1, 3))],
    ['of a tombstone without a new version', changeTo(tombstone(1, 3), tombstone(1, 3))],
    ['that removes a channel: its tombstone is the change', changeTo(undefined, item(1, 3))],
    [
      'that removes a tombstone: the channel is back, or the time of the tombstone is over',
      changeTo(undefined, tombstone(1, 3)),
    ],
    ['of a counter', other(keys.counter(namespace, 1))],
    ['of a pending change', other(keys.pendingChange(namespace, channelOf(1)._id))],
    ['of an idempotency record', other(keys.idempotency(namespace, 'hash'))],
    ['of the re-index epoch', other(keys.reindexEpoch(namespace))],
  ])('%s', async (_, change) => {
    await number([change]);

    expect(await service.projections.get({ pk: `LOG#${namespace}`, sk: 'HEAD' })).toBeUndefined();
  });
});

describe('the numbers have no gap and no repetition', () => {
  test('if a batch has more changes than one transaction takes', async () => {
    const namespace = newNamespace();
    const { creation } = changesIn(namespace);
    const ordinals = Array.from({ length: 250 }, (_, index) => index + 1);

    await number(ordinals.map((ordinal) => creation(ordinal)));

    expect(await logOf(namespace)).toEqual(ordinals.map((ordinal) => entry(ordinal, 1_000 * ordinal)));
  });

  test('if several processes number changes of one namespace at once', async () => {
    const namespace = newNamespace();
    const { creation } = changesIn(namespace);
    const ordinals = Array.from({ length: 5 }, (_, index) => index + 1);

    await Promise.all(ordinals.map((ordinal) => number([creation(ordinal), creation(ordinal + 5)])));

    const ids = (await logOf(namespace)).map(({ id }) => id as string);
    expect(ids.sort()).toEqual(Array.from({ length: 10 }, (_, index) => channelOf(index + 1)._id));
  });
});

describe('a first reading', () => {
  test.each([
    0, 1, 2,
  ])('brings a change that is made behind it and numbered right after its query %i', async (moment) => {
    const { namespace, createWithOldId, update } = newNamespaceWithChannels(service);
    const ids = [await createWithOldId(1), await createWithOldId(2)];
    let queries = 0;
    const channels = interceptQueries(service.channels, async (page) => {
      if (queries++ === moment) {
        await update(ids[0] as string, { name: 'Renamed' });
        await number([changesIn(namespace).update(1, 1)]);
      }
      return page;
    });
    const copy = new Map<string, string>();
    let cursor: ChangeCursor | undefined;
    let hasMore = true;
    while (hasMore) {
      const request = { namespace, cursor, perPage: 1, excludedKey: undefined, now: Date.now };
      const page = await readChanges({ ...service, channels }, request);
      for (const row of page.changes) if (row.type === 'upsert') copy.set(row.channel._id, row.channel.name);
      ({ next: cursor, hasMore } = page);
    }

    expect(queries).toBe(3);
    expect([...copy]).toEqual([
      [ids[0], 'Renamed'],
      [ids[1], 'Channel 2'],
    ]);
  });
});

describe('the head of a change log', () => {
  test('is the same for all who read it first at once, and an entry follows it', async () => {
    const namespace = newNamespace();
    const reads = Array.from({ length: 20 }, () => readHead(service.projections, namespace));

    const [first, ...others] = await Promise.all(reads);

    expect(first).toEqual({ generation: expect.stringMatching(/^[\w-]{8}$/), lastNumber: 0 });
    expect(others).toEqual(others.map(() => first));
    await number([changesIn(namespace).creation(1)]);
    expect(await readHead(service.projections, namespace)).toEqual({ ...first, lastNumber: 1 });
  });

  test('begins another generation with an empty log', async () => {
    const namespace = newNamespace();
    await number([changesIn(namespace).creation(1)]);
    const before = await readHead(service.projections, namespace);

    await beginGeneration(service.projections, namespace);

    const after = await readHead(service.projections, namespace);
    expect(after).toEqual({ generation: expect.stringMatching(/^[\w-]{8}$/), lastNumber: 0 });
    expect(after.generation).not.toBe(before.generation);
    expect(await logOf(namespace)).toEqual([]);
  });

  test.each([
    0, 1,
  ])('can begin another generation while a change is numbered after %i others: the new log has the change', async (others) => {
    const namespace = newNamespace();
    const { creation } = changesIn(namespace);
    if (others) await number([creation(1)]);
    const { projections } = interruptBefore(service, 'TransactWrite', `LOG#${namespace}`, () =>
      beginGeneration(service.projections, namespace),
    );

    await numberChanges(projections, [creation(2)], () => now);

    expect(await logOf(namespace)).toEqual([entry(2, 2_000)]);
  });
});
