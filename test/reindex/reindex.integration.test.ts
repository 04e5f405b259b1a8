import { describe, expect, test } from '@jest/globals';
import { allIds } from '../../lib/channels/id-range.ts';
import { nameKey } from '../../lib/channels/index-keys.ts';
import { keys } from '../../lib/channels/keys.ts';
import { pendingChangeUpdate } from '../../lib/channels/pending-change.ts';
import { planChannelWrites } from '../../lib/channels/plan-channel-writes.ts';
import { WriteContention } from '../../lib/dynamodb/failures.ts';
import { applyToBuckets } from '../../lib/projections/rank-index/apply-to-buckets.ts';
import { bucketKey, bucketSize } from '../../lib/projections/rank-index/count-bucket.ts';
import { readPendingChanges } from '../../lib/projections/read-pending-changes.ts';
import { suffixEntries } from '../../lib/projections/search-index/suffix-entries.ts';
import { recountTotals } from '../../lib/reindex/recount-totals.ts';
import { reindexing } from '../../lib/reindex/reindex.ts';
import {
  expectedEntries,
  interceptQueries,
  newNamespace,
  readProjections,
  readTotals,
  reindex,
} from '../support/projections.ts';
import { channelOf } from '../support/seed.ts';
import { useService } from '../support/use-service.ts';

const service = useService();

const context = { now: 1_700_000_000_000, keyId: 'k' };

/** Seeds channels without anything that is derived from them: no counters, no pending changes, no projections. */
const seedBareChannels = async (namespace: string, count: number) => {
  const channels = Array.from({ length: count }, (_, index) =>
    channelOf(index, { name: `Shop ${index}`, disabled: index % 4 === 0, company_namespace: [namespace] }),
  );
  for (const channel of channels) {
    const [write] = planChannelWrites(undefined, channel, context, 0);
    await service.channels.transact(() => (write ? [write] : []));
  }
  return Object.fromEntries(channels.map(({ _id, name }) => [_id, name]));
};

const totalsOf = (namespace: string) => readTotals(service.channels, namespace);

const entriesOf = async (namespace: string) => (await readProjections(service, namespace)).suffixEntries;

describe('reindexing a namespace', () => {
  test('derives everything from the channels', async () => {
    const { namespace } = newNamespace(service);
    const names = await seedBareChannels(namespace, bucketSize + 2);
    expect(await reindex(service, namespace)).toEqual({
      totals: { before: { enabled: 0, disabled: 0 }, after: { enabled: 97, disabled: 33 } },
      keys: 0,
      externalKeys: 0,
      buckets: 1,
      channels: bucketSize + 2,
    });
    expect(await totalsOf(namespace)).toEqual({ enabled: 97, disabled: 33 });
    expect(await readProjections(service, namespace)).toEqual({
      pendingChanges: [],
      suffixEntries: expectedEntries(namespace, names),
      buckets: [
        [allIds.first, bucketSize],
        [Object.keys(names)[bucketSize], 2],
      ],
    });
  });

  test('repairs nothing if everything is right', async () => {
    const { namespace, create, applyAll } = newNamespace(service);
    await create({ name: 'One' });
    await create({ name: 'Two', disabled: true });
    await applyAll();
    const before = await readProjections(service, namespace);
    expect(await reindex(service, namespace)).toEqual({
      totals: { before: { enabled: 1, disabled: 1 }, after: { enabled: 1, disabled: 1 } },
      keys: 0,
      externalKeys: 0,
      buckets: 0,
      channels: 0,
    });
    expect(await readProjections(service, namespace)).toEqual(before);
  });

  test('repairs items that are missing, wrong, or of a channel that does not exist', async () => {
    const { namespace, create, applyAll } = newNamespace(service);
    const one = await create({ name: 'One' });
    const two = await create({ name: 'Two' });
    await applyAll();
    const { projections } = service;
    const [missing] = suffixEntries(namespace, one, 'one');
    const foreign = suffixEntries(namespace, '0'.repeat(24), 'nobody');
    const wrong = suffixEntries(namespace, two, 'former');
    await projections.transact(() => [
      { Delete: { Key: { pk: missing?.pk, sk: missing?.sk } } },
      ...[...foreign, ...wrong].map((Item) => ({ Put: { Item } })),
      {
        Update: {
          Key: bucketKey(namespace, allIds.first),
          UpdateExpression: 'ADD n :seven',
          ExpressionAttributeValues: { ':seven': 7 },
        },
      },
    ]);
    await service.channels.update({ Key: keys.channel(namespace, one), UpdateExpression: 'REMOVE nameKey' });
    expect(await reindex(service, namespace)).toMatchObject({ keys: 1, buckets: 1, channels: 3 });
    expect(await readProjections(service, namespace)).toEqual({
      pendingChanges: [],
      suffixEntries: expectedEntries(namespace, { [one]: 'one', [two]: 'two' }),
      buckets: [[allIds.first, 2]],
    });
  });

  test('corrects pending changes that contradict their channels, as a backup can contain them', async () => {
    const { namespace, create, applyAll } = newNamespace(service);
    const kept = await create({ name: 'Kept' });
    const named = await create({ name: 'Named' });
    await applyAll();
    const missing = '0'.repeat(24);
    const putPendingChange = (change: {
      id: string;
      targetText?: string;
      isCounted: boolean;
      texts: string[];
    }) =>
      service.channels.update(
        pendingChangeUpdate(namespace, { ...change, token: 'of the backup', now: context.now }),
      );
    await putPendingChange({ id: kept, isCounted: true, texts: ['kept'] });
    await putPendingChange({ id: named, targetText: 'other', isCounted: true, texts: ['named'] });
    await putPendingChange({ id: missing, targetText: 'missing', isCounted: false, texts: [] });
    // After all 16 partitions of suffix entries were read, the projector begins to apply a pending change, and stops.
    const [applied] = suffixEntries(namespace, missing, 'missing');
    let queries = 0;
    const projections = interceptQueries(service.projections, async (page) => {
      if (++queries === 16) await service.projections.put({ Item: { ...applied } });
      return page;
    });
    expect(await reindexing.channels({ channels: service.channels, projections }, namespace)).toBe(3);
    expect(await reindex(service, namespace)).toMatchObject({ channels: 0, buckets: 0 });
    expect(await readProjections(service, namespace)).toEqual({
      pendingChanges: [],
      suffixEntries: expectedEntries(namespace, { [kept]: 'kept', [named]: 'named' }),
      buckets: [[allIds.first, 2]],
    });
  });

  test('corrects a pending change that lacks the local name, as a former version wrote it', async () => {
    const { namespace, create, applyAll, find } = newNamespace(service);
    const id = await create({ name: 'Retail', local_name: 'قناة' });
    await applyAll();
    const former = { id, token: 'former', targetText: 'retail', isCounted: true, texts: ['wholesale'] };
    await service.channels.update(pendingChangeUpdate(namespace, { ...former, now: context.now }));
    expect(await reindexing.channels(service, namespace)).toBe(1);
    expect(await find('قناه')).toEqual([id]);
    const entries = expectedEntries(namespace, { [id]: { name: 'Retail', local_name: 'قناة' } });
    expect(await readProjections(service, namespace)).toMatchObject({
      pendingChanges: [],
      suffixEntries: entries,
    });
  });

  test('keeps the first bucket although it counts nothing, if another one counts channels', async () => {
    const { namespace } = newNamespace(service);
    const ids = Object.keys(await seedBareChannels(namespace, bucketSize + 2));
    await reindex(service, namespace);
    for (const id of ids.slice(0, bucketSize))
      await service.channels.delete({ Key: keys.channel(namespace, id) });
    await reindex(service, namespace);
    expect((await readProjections(service, namespace)).buckets).toEqual([
      [allIds.first, 0],
      [ids[bucketSize], 2],
    ]);
  });

  test('keeps an empty bucket that has applied a deletion while the pending change of the deletion still exists', async () => {
    const { namespace, create, remove, applyAll, total } = newNamespace(service);
    const deleted = await create({ name: 'Deleted' });
    await applyAll();
    await remove(deleted);
    // The projector stops before it removes the pending change.
    await applyToBuckets(service, namespace, await readPendingChanges(service.channels, namespace));
    await reindexing.buckets(service, namespace);
    expect([await total(), (await readProjections(service, namespace)).buckets]).toEqual([
      0,
      [[allIds.first, 0]],
    ]);
    await applyAll();
    await reindexing.buckets(service, namespace);
    expect([await total(), (await readProjections(service, namespace)).buckets]).toEqual([0, []]);
  });

  test('is right while other clients write', async () => {
    const { namespace, create, update, remove, applyAll, total, find } = newNamespace(service);
    const names = await seedBareChannels(namespace, 40);
    const ids = Object.keys(names);
    const write = async () => {
      for (const [index, id] of ids.entries()) {
        if (index % 3 === 0) await update(id, { name: `Renamed ${index}` });
        if (index % 3 === 1) await remove(id);
        if (index % 3 === 2) await create({ name: `Created ${index}` });
      }
    };
    // The step for the totals is left out here: it gives up if others write all the time.
    const { keys, buckets, channels } = reindexing;
    const reindexWithoutTotals = async () => {
      for (const step of [keys, buckets, channels]) await step(service, namespace);
    };
    await Promise.all([write(), reindexWithoutTotals()]);
    await reindex(service, namespace);
    await applyAll();
    expect([await total(), await totalsOf(namespace)]).toEqual([40, { enabled: 33, disabled: 7 }]);
    expect(await find('shop')).toHaveLength(13);
    expect(await find('renamed')).toHaveLength(14);
    expect(await find('created')).toHaveLength(13);
    expect(await reindex(service, namespace)).toMatchObject({ buckets: 0, channels: 0 });
  });

  test('gives up after 10 counts if the totals change during each of them, and does not change the totals', async () => {
    const { namespace, create } = newNamespace(service);
    await seedBareChannels(namespace, 3);
    let counts = 0;
    const table = interceptQueries(service.channels, async (page, query) => {
      // A difference is counted twice before it is accepted. The other client writes after the second count.
      if (query.ProjectionExpression && ++counts % 2 === 0) await create({ name: 'Meanwhile' });
      return page;
    });
    await expect(recountTotals(table, namespace)).rejects.toBeInstanceOf(WriteContention);
    expect(counts).toBe(20);
    expect(await totalsOf(namespace)).toEqual({ enabled: 10, disabled: 0 });
  });
});

/** Names with their folds before the fold knew strokes, digits of other scripts, quotes, dashes and the hehs of Urdu. */
const formerFolds: Record<string, string> = {
  Łódź: 'łodz',
  'Tromsø Łódź': 'tromsø łodz',
  'فرع ١٢': 'فرع ١٢',
  'L’Oréal': 'l’oreal',
  'Al‑Futtaim': 'al‐futtaim',
  مدینہ: 'مدينہ',
  'al\u200Bpha': 'al\u200bpha',
};

/** Folded as they are now. */
const searches = ['lodz', 'tromso', 'فرع 12', "l'oreal", 'al-futtaim', 'مدينه', 'alpha'];

describe('reindexing a namespace whose projections have names of a former fold', () => {
  /** Writes channels with the keys and suffix entries that a former fold gave them. Returns the ids by name. */
  const seedFormer = async (namespace: string, create: (input: { name: string }) => Promise<string>) => {
    const ids: Record<string, string> = {};
    for (const [name, folded] of Object.entries(formerFolds)) {
      const id = await create({ name });
      ids[name] = id;
      await service.channels.delete({ Key: keys.pendingChange(namespace, id) });
      await service.channels.update({
        Key: keys.channel(namespace, id),
        UpdateExpression: 'SET nameKey = :former',
        ExpressionAttributeValues: { ':former': nameKey(folded, id) },
      });
      for (const entry of suffixEntries(namespace, id, folded))
        await service.projections.put({ Item: { ...entry } });
    }
    await reindexing.buckets(service, namespace);
    return ids;
  };

  const seeded = async () => {
    const made = newNamespace(service);
    const ids = await seedFormer(made.namespace, made.create);
    const idOf = (name: string) => ids[name] as string;
    const nameKeyOf = async (id: string) =>
      (await service.channels.get(keys.channel(made.namespace, id)))?.nameKey;
    return { ...made, ids, idOf, nameKeyOf };
  };

  /** The names by id, with some replaced (by id) or without some. */
  const namesById = (ids: Record<string, string>, changed: Record<string, string | undefined> = {}) => {
    const names = Object.fromEntries(Object.entries(ids).map(([name, id]) => [id, name]));
    const all = Object.entries({ ...names, ...changed });
    return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined));
  };

  test('replaces all of them, and then searches find what they missed before', async () => {
    const { namespace, ids, idOf, nameKeyOf, find } = await seeded();
    const found = async () => (await Promise.all(searches.map(find))).map(({ length }) => length);
    expect(await found()).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(await reindex(service, namespace)).toMatchObject({ keys: 7, buckets: 0, channels: 7 });
    expect(await found()).toEqual([2, 1, 1, 1, 1, 1, 1]);
    expect(await nameKeyOf(idOf('Łódź'))).toBe(nameKey('lodz', idOf('Łódź')));
    expect(await entriesOf(namespace)).toEqual(expectedEntries(namespace, namesById(ids)));
    expect(await reindex(service, namespace)).toMatchObject({ keys: 0, buckets: 0, channels: 0 });
  });

  test('also removes those of channels that were renamed or deleted since', async () => {
    const { namespace, ids, idOf, update, remove, applyAll } = await seeded();
    await update(idOf('Łódź'), { name: 'Lodz' });
    await update(idOf('Tromsø Łódź'), { name: 'Oslo' });
    await remove(idOf('L’Oréal'));
    await applyAll();
    // Changes remove only the entries of today's fold.
    const former = ['tromsø łodz', 'l’oreal', 'łodz'];
    const names = async () =>
      new Set((await entriesOf(namespace)).map((entry) => (entry as { name?: string }).name));
    expect([...(await names())]).toEqual(expect.arrayContaining(former));
    await reindex(service, namespace);
    const now = { [idOf('Łódź')]: 'Lodz', [idOf('Tromsø Łódź')]: 'Oslo', [idOf('L’Oréal')]: undefined };
    expect(await entriesOf(namespace)).toEqual(expectedEntries(namespace, namesById(ids, now)));
  });

  test('replaces all of them while other clients write', async () => {
    const { namespace, ids, idOf, create, update, remove, applyAll, find } = await seeded();
    const names: Record<string, string> = {};
    const write = async () => {
      for (let round = 0; round < 5; round++) {
        const name = `Ørsted ${round}`;
        names[await create({ name })] = name;
        await update(idOf('Łódź'), { name: `Łask ${round}` });
        await update(idOf('فرع ١٢'), { local_name: `local ${round}` });
        await applyAll();
      }
      await remove(idOf('Tromsø Łódź'));
    };
    const { keys: resetKeys, channels } = reindexing;
    const repair = async () => {
      await resetKeys(service, namespace);
      await channels(service, namespace);
    };
    await Promise.all([write(), repair()]);
    await applyAll();
    const now = { ...names, [idOf('Łódź')]: 'Łask 4', [idOf('Tromsø Łódź')]: undefined };
    const branch = { [idOf('فرع ١٢')]: { name: 'فرع ١٢', local_name: 'local 4' } };
    const allNames = { ...namesById(ids, now), ...branch };
    expect(await entriesOf(namespace)).toEqual(expectedEntries(namespace, allNames));
    expect([await find('orsted'), await find('lask 4')]).toEqual([Object.keys(names).sort(), [idOf('Łódź')]]);
    expect(await reindex(service, namespace)).toMatchObject({ keys: 0, channels: 0 });
  });

  /** Leaves the pending change of a creation or a rename as a former version wrote it. */
  const leaveFormerPendingChange = (namespace: string, id: string, targetText: string, texts: string[]) =>
    service.channels.update(
      pendingChangeUpdate(namespace, { id, token: 'former', targetText, isCounted: true, texts, now: 0 }),
    );

  test('replaces those that a waiting change adds, even after the entries were read', async () => {
    const { namespace, create, applyAll } = newNamespace(service);
    const id = await create({ name: 'Łódź' });
    await applyAll();
    await leaveFormerPendingChange(namespace, id, 'łodz', ['lodz']);
    let partitions = 0;
    const projections = interceptQueries(service.projections, async (page) => {
      // The entries of a namespace are in 16 partitions.
      if (++partitions === 16) await applyAll();
      return page;
    });
    expect(await reindexing.channels({ ...service, projections }, namespace)).toBe(1);
    expect(await entriesOf(namespace)).toEqual(expectedEntries(namespace, { [id]: 'Łódź' }));
  });

  test('replaces those that a waiting change would add later', async () => {
    const { namespace, create, applyAll, find } = newNamespace(service);
    const id = await create({ name: 'Łódź' });
    await applyAll();
    await leaveFormerPendingChange(namespace, id, 'łodz', ['lodz']);
    expect(await find('lodz')).toEqual([]);
    expect(await reindexing.channels(service, namespace)).toBe(1);
    await applyAll();
    expect(await find('lodz')).toEqual([id]);
    expect(await entriesOf(namespace)).toEqual(expectedEntries(namespace, { [id]: 'Łódź' }));
  });
});

describe('reindexing a namespace whose suffix entries lack the local names, as in a former version', () => {
  const localNames = ['قناة التجزئة', 'متجر', undefined, 'فرع ١٢'];

  const seeded = async () => {
    const made = newNamespace(service);
    const ids: string[] = [];
    for (const [index, local_name] of localNames.entries()) {
      const id = await made.create({
        name: `Shop ${index}`,
        ...(local_name !== undefined && { local_name }),
      });
      ids.push(id);
      await service.channels.delete({ Key: keys.pendingChange(made.namespace, id) });
      for (const entry of suffixEntries(made.namespace, id, `shop ${index}`))
        await service.projections.put({ Item: { ...entry } });
    }
    await reindexing.buckets(service, made.namespace);
    return { ...made, ids };
  };

  test('adds them, and then searches find the channels by them', async () => {
    const { namespace, ids, find } = await seeded();
    const found = async () => Promise.all(['تجزئة', 'متجر', 'فرع 12', 'shop متجر', 'shop'].map(find));
    expect(await found()).toEqual([[], [], [], [], [...ids].sort()]);
    expect(await reindex(service, namespace)).toMatchObject({ keys: 0, buckets: 0, channels: 3 });
    const [retail, store, , branch] = ids;
    expect(await found()).toEqual([[retail], [store], [branch], [store], [...ids].sort()]);
    expect(await reindex(service, namespace)).toMatchObject({ channels: 0 });
  });

  test('is right while other clients change and remove local names, and delete channels', async () => {
    const { namespace, ids, create, update, remove, applyAll } = await seeded();
    const [retail, store, plain, branch] = ids as [string, string, string, string];
    const names: Record<string, { name: string; local_name?: string }> = {};
    const write = async () => {
      for (let round = 0; round < 5; round++) {
        const made = { name: `New ${round}`, local_name: `جديد ${round}` };
        names[await create(made)] = made;
        await update(retail, { local_name: `جملة ${round}` });
        await update(plain, { local_name: `محل ${round}` });
        await applyAll();
      }
      await update(store, { local_name: null });
      await remove(branch);
    };
    await Promise.all([write(), reindexing.channels(service, namespace)]);
    await applyAll();
    const now = {
      ...names,
      [retail]: { name: 'Shop 0', local_name: 'جملة 4' },
      [store]: { name: 'Shop 1' },
      [plain]: { name: 'Shop 2', local_name: 'محل 4' },
    };
    expect(await entriesOf(namespace)).toEqual(expectedEntries(namespace, now));
    expect(await reindex(service, namespace)).toMatchObject({ buckets: 0, channels: 0 });
  });

  test('is not needed for channels that were renamed or deleted since: their changes remove the entries', async () => {
    const { namespace, ids, update, remove, applyAll } = await seeded();
    const [retail, store, plain, branch] = ids as [string, string, string, string];
    await update(retail, { name: 'Wholesale' });
    await update(store, { local_name: null });
    await remove(branch);
    await applyAll();
    const now = {
      [retail]: { name: 'Wholesale', local_name: 'قناة التجزئة' },
      [store]: 'Shop 1',
      [plain]: 'Shop 2',
    };
    expect(await entriesOf(namespace)).toEqual(expectedEntries(namespace, now));
  });
});
