import { describe, expect, test } from '@jest/globals';
import { allIds } from '../../lib/channels/id-range.ts';
import { fromItem } from '../../lib/channels/items.ts';
import { keys } from '../../lib/channels/keys.ts';
import { planChannelWrites } from '../../lib/channels/plan-channel-writes.ts';
import { connect } from '../../lib/dynamodb/client.ts';
import { WriteContention } from '../../lib/dynamodb/failures.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { applyPending } from '../../lib/projections/apply/apply-pending.ts';
import { bucketKey, bucketSize, bucketsStartingIn } from '../../lib/projections/rank-index/count-bucket.ts';
import { readBucketCounts } from '../../lib/projections/rank-index/read-bucket-counts.ts';
import { findByTerms } from '../../lib/projections/search-index/find-by-terms.ts';
import { suffixEntries } from '../../lib/projections/search-index/suffix-entries.ts';
import { foldTerms, foldText } from '../../lib/text/fold.ts';
import {
  bySortKey,
  expectedEntries,
  idsOf,
  interceptQueries,
  newNamespace,
  readProjections,
  reindex,
} from '../support/projections.ts';
import { channelOf, idAt, seededAt } from '../support/seed.ts';
import { useService } from '../support/use-service.ts';

// The projections on DynamoDB Local: their content after pending changes are applied, and the results of readers before
// that.

const service = useService();

/** The projections of a namespace without channels. */
const emptyProjections = { pendingChanges: [], suffixEntries: [], buckets: [[allIds.first, 0]] };

describe('a channel whose pending change is applied', () => {
  test('has an entry for every suffix of every word, and is counted once', async () => {
    const { namespace, create, apply } = newNamespace(service);
    const id = await create({ name: 'Été  Shop shop' });
    await apply(id);
    const name = 'ete shop shop';
    expect(await readProjections(service, namespace)).toEqual({
      pendingChanges: [],
      suffixEntries: ['e', 'ete', 'hop', 'op', 'p', 'shop', 'te'].map((suffix) => ({
        pk: expect.stringMatching(`^SUFFIX#${namespace}#\\d+$`),
        sk: `${suffix}\u0000${id}`,
        name,
      })),
      buckets: [[allIds.first, 1]],
    });
  });

  test('has only the entries of its new name once it is renamed, and none once it is deleted', async () => {
    const { namespace, create, update, remove, apply } = newNamespace(service);
    const id = await create({ name: 'Retail shop' });
    await apply(id);
    await update(id, { name: 'Shop floor' });
    await apply(id);
    expect((await readProjections(service, namespace)).suffixEntries).toEqual(
      suffixEntries(namespace, id, 'shop floor').sort(bySortKey),
    );
    await remove(id);
    await apply(id);
    expect(await readProjections(service, namespace)).toEqual(emptyProjections);
  });

  test('gets no pending change for changes that do not affect the projections', async () => {
    const { namespace, create, update, apply } = newNamespace(service);
    const id = await create({ name: 'Retail' });
    await apply(id);
    await update(id, { disabled: true });
    await update(id, { local_name: 'x' });
    await update(id, { name: 'RETAIL' });
    expect((await readProjections(service, namespace)).pendingChanges).toEqual([]);
  });

  test('is in the projections of each of its namespaces', async () => {
    const { namespace, other, create, update } = newNamespace(service);
    const id = await create({ name: 'Retail', company_namespace: [namespace, other] });
    for (const each of [namespace, other]) await applyPending(service, each, [id]);
    expect(idsOf(await findByTerms(service, other, ['tail']))).toEqual([id]);
    await update(id, { company_namespace: [namespace] });
    expect(idsOf(await findByTerms(service, other, ['tail']))).toEqual([]);
    await applyPending(service, other, [id]);
    expect(await readProjections(service, other)).toEqual(emptyProjections);
  });

  // All letters differ, so there are as many suffixes as letters: more than a transaction takes.
  const longName = Array.from({ length: 250 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join('');

  test('may have more entries than fit a transaction', async () => {
    const { namespace, create, update, apply, find } = newNamespace(service);
    const id = await create({ name: longName });
    await apply(id);
    await update(id, { name: [...longName].reverse().join('') });
    await apply(id);
    const { pendingChanges, suffixEntries: entries, buckets } = await readProjections(service, namespace);
    expect([pendingChanges, buckets]).toEqual([[], [[allIds.first, 1]]]);
    expect(entries).toEqual(
      suffixEntries(namespace, id, foldText([...longName].reverse().join(''))).sort(bySortKey),
    );
    expect(await find('\u4e02\u4e01')).toEqual([id]);
    expect(await find('\u4e01\u4e02')).toEqual([]);
  });
});

describe('a search', () => {
  test('reflects every write at once, whether it is applied or not', async () => {
    const { create, update, remove, apply, find } = newNamespace(service);
    const id = await create({ name: 'Retail' });
    expect(await find('tai')).toEqual([id]);
    await apply(id);
    expect(await find('tai')).toEqual([id]);
    await update(id, { name: 'Wholesale' });
    expect([await find('tai'), await find('ole')]).toEqual([[], [id]]);
    await apply(id);
    expect([await find('tai'), await find('ole')]).toEqual([[], [id]]);
    await remove(id);
    expect(await find('ole')).toEqual([]);
  });

  test('finds names that contain all terms, at any position', async () => {
    const { create, applyAll, find } = newNamespace(service);
    const names = ['Corner shop North', 'North shopping mall', 'Mall of the south', 'a#b'];
    const ids: string[] = [];
    for (const name of names) ids.push(await create({ name }));
    await applyAll();
    const [corner, north, south, punctuation] = ids;
    expect(await find('SHOP orth')).toEqual([corner, north]);
    expect(await find('mall')).toEqual([north, south]);
    expect(await find('o o')).toEqual([corner, north, south]);
    expect(await find('#')).toEqual([punctuation]);
    expect(await find('b#')).toEqual([]);
  });

  /** Searches with pages of one entry, and runs something between the pages. */
  const findWithInterruption = async (
    namespace: string,
    text: string,
    between: (page: number) => Promise<void>,
  ) => {
    let pages = 0;
    const projections = interceptQueries(service.projections, async (page, query) => {
      const isFirst = query.ExclusiveStartKey === undefined;
      if (!isFirst || page.items.length < 2) return page;
      await between(++pages);
      const [{ pk, sk } = {}] = page.items;
      return { ...page, items: page.items.slice(0, 1), lastKey: { pk, sk } as Record<string, string> };
    });
    return idsOf(await findByTerms({ channels: service.channels, projections }, namespace, foldTerms(text)));
  };

  test('that reads several pages finds a channel that is renamed and applied between them', async () => {
    const { namespace, create, update, applyAll } = newNamespace(service);
    const ids = [await create({ name: 'sm' }), await create({ name: 'sz' })];
    await applyAll();
    const found = await findWithInterruption(namespace, 's', async (page) => {
      if (page > 1) return;
      // Its entry moves from a later page to one that was read before.
      await update(ids[1] as string, { name: 'sa' });
      await applyAll();
    });
    expect(found).toEqual([...ids].sort());
  });

  test('that reads several pages is not restarted by channels that are created, applied and deleted', async () => {
    const { namespace, create, remove, applyAll } = newNamespace(service);
    const ids = [await create({ name: 'sm' }), await create({ name: 'sz' })];
    await applyAll();
    let pages = 0;
    const found = await findWithInterruption(namespace, 's', async () => {
      pages++;
      const other = await create({ name: 'Other' });
      await applyAll();
      await remove(other);
    });
    expect([found, pages]).toEqual([[...ids].sort(), 1]);
  });

  test('for a term that is longer than a key compares the whole term', async () => {
    const { create, applyAll, find } = newNamespace(service);
    // A key contains 225 of these letters, which have 4 bytes each.
    const word = (end: string) => `${'\u{20000}'.repeat(239)}${end}`;
    const id = await create({ name: word('x') });
    await applyAll();
    expect(await find(word('x'))).toEqual([id]);
    expect(await find(word('y'))).toEqual([]);
  });
});

describe('the total of the bucket counts', () => {
  test('counts every successful write, whether it is applied or not', async () => {
    const { create, remove, apply, total } = newNamespace(service);
    const [one, two] = [await create({ name: 'One' }), await create({ name: 'Two' })];
    expect(await total()).toBe(2);
    await apply(one);
    expect(await total()).toBe(2);
    await remove(one);
    expect(await total()).toBe(1);
    await apply(two);
    await apply(one);
    expect(await total()).toBe(1);
  });

  /** A namespace with one full bucket, and the ids that it counts. */
  const withFullBucket = async () => {
    const fixture = newNamespace(service);
    const ids: string[] = [];
    for (let index = 0; index < bucketSize; index++) ids.push(await fixture.create({ name: 'x' }));
    await fixture.applyAll();
    return {
      ...fixture,
      ids: ids.sort(),
      readBuckets: async () => (await readProjections(service, fixture.namespace)).buckets,
    };
  };

  /** Creates a channel with an id from 2023, as of an old channel that joins the namespace. */
  const createWithOldId = async (namespace: string, ordinal: number) => {
    const channel = channelOf(ordinal, { company_namespace: [namespace] });
    await service.channels.transact(() =>
      planChannelWrites(undefined, channel, { now: 1_700_000_000_000, keyId: 'k' }, 0),
    );
    return channel._id;
  };

  test('starts another bucket after a full one, and removes a bucket that becomes empty', async () => {
    const { create, remove, applyAll, readBuckets, total } = await withFullBucket();
    const [first, second] = [await create({ name: 'x' }), await create({ name: 'x' })].sort() as [
      string,
      string,
    ];
    await applyAll();
    const full = [allIds.first, bucketSize];
    expect(await readBuckets()).toEqual([full, [first, 2]]);
    await remove(first);
    await applyAll();
    expect(await readBuckets()).toEqual([full, [first, 1]]);
    await remove(second);
    await applyAll();
    expect([await readBuckets(), await total()]).toEqual([[full], bucketSize]);
    const third = await create({ name: 'x' });
    await applyAll();
    expect([await readBuckets(), await total()]).toEqual([[full, [third, 1]], bucketSize + 1]);
  });

  test('starts another bucket after a full one while other clients create channels', async () => {
    const { namespace, create, applyAll, readBuckets, total } = await withFullBucket();
    const next = await create({ name: 'x' });
    let created = 0;
    const channels = interceptQueries(service.channels, async (page) => {
      // The number is limited so that the test ends even if applying needs a moment without writes.
      if (created++ < 20) await create({ name: 'x' });
      return page;
    });
    await applyPending({ channels, projections: service.projections }, namespace, [next]);
    expect(await readBuckets()).toEqual([
      [allIds.first, bucketSize],
      [next, 1],
    ]);
    await applyAll();
    expect(await total()).toBe(bucketSize + 1 + Math.min(created, 20));
  });

  test('applies a backlog in any order, at a cost that does not depend on its size', async () => {
    const { namespace, total } = newNamespace(service);
    const size = 4 * bucketSize;
    const ids = Array.from({ length: size }, (_, ordinal) => idAt(seededAt + ordinal, ordinal));
    for (const [ordinal, _id] of ids.entries()) {
      const channel = channelOf(ordinal, { _id, company_namespace: [namespace] });
      await service.channels.transact(() =>
        planChannelWrites(undefined, channel, { now: seededAt + ordinal, keyId: 'k' }, 0),
      );
    }
    // The newest comes first, as if the stream delivers new changes while the sweep applies old ones.
    const costs: number[] = [];
    for (const id of [ids.at(-1) as string, ...ids]) {
      const meter = new Meter();
      const open = ({ name }: Table) =>
        new Table({ client: connect(), meter, signal: AbortSignal.timeout(600_000) }, name);
      await applyPending(
        { channels: open(service.channels), projections: open(service.projections) },
        namespace,
        [id],
      );
      costs.push(meter.totals.rcu);
    }
    expect(await total()).toBe(size);
    const expensive = costs.filter((cost) => cost > 12);
    expect(expensive.length).toBeLessThanOrEqual(size / bucketSize);
    expect(Math.max(...costs)).toBeLessThan(200);
  });

  test('counts a channel once if its pending change stays after it is applied, even if another bucket starts before it', async () => {
    const { namespace, ids, create, remove, apply, total } = await withFullBucket();
    const next = await create({ name: 'x' });
    await service.projections.transact(() => [
      {
        Update: {
          Key: bucketKey(namespace, allIds.first),
          UpdateExpression: 'ADD n :one',
          ExpressionAttributeValues: { ':one': 1 },
        },
      },
    ]);
    await service.channels.delete({ Key: keys.pendingChange(namespace, next) });
    // The last of 129 is removed. Its pending change stays, as if the projector was killed before it removed it.
    await remove(next);
    const pendingChange = await service.channels.get(keys.pendingChange(namespace, next));
    await apply(next);
    await service.channels.put({ Item: pendingChange });
    const between = `${(ids.at(-1) as string).slice(0, 12)}ffffffffffff`;
    const late = channelOf(1, { _id: between, company_namespace: [namespace] });
    await service.channels.transact(() =>
      planChannelWrites(undefined, late, { now: Date.now(), keyId: 'k' }, 0),
    );
    await apply(between);
    expect(await total()).toBe(bucketSize + 1);
    await apply(next);
    expect(await total()).toBe(bucketSize + 1);
    expect(await reindex(service, namespace)).toMatchObject({ buckets: 0 });
  });

  test('counts the channels of a bucket again if one of its pending changes is removed meanwhile', async () => {
    const { namespace, create, apply, applyAll } = newNamespace(service);
    await create({ name: 'x' });
    await applyAll();
    const id = await create({ name: 'x' });
    let hasApplied = false;
    const channels = interceptQueries(service.channels, async (page) => {
      if (!hasApplied) {
        hasApplied = true;
        await apply(id);
        // Applying another one drops it from the applied ids of the bucket.
        await apply(await create({ name: 'x' }));
      }
      return page;
    });
    const [bucket] = await readBucketCounts(
      { channels, projections: service.projections },
      namespace,
      allIds,
    );
    expect(bucket?.count).toBe(3);
  });

  test('applies any number of pending changes together, into buckets of 128', async () => {
    const { namespace, other, create, remove, update, applyAll, find, total, readBuckets } =
      await withFullBucket();
    const later: string[] = [];
    for (let index = 0; index < 2 * bucketSize + 5; index++)
      later.push(await create({ name: `Shop ${index}` }));
    const shared = await create({ name: 'Shared', company_namespace: [namespace, other] });
    await remove(later[3] as string);
    await update(later[4] as string, { name: 'Renamed' });
    await applyAll();
    expect((await readBuckets()).map(([, size]) => size)).toEqual([bucketSize, bucketSize, bucketSize, 5]);
    expect([await total(), await find('renamed'), await find('shared')]).toEqual([
      3 * bucketSize + 5,
      [later[4]],
      [shared],
    ]);
    expect(await reindex(service, namespace)).toMatchObject({ buckets: 0, channels: 0 });
    for (const id of later.filter((id) => id !== later[3])) await remove(id);
    await applyAll();
    expect(await readBuckets()).toEqual([
      [allIds.first, bucketSize],
      [expect.any(String), 1],
    ]);
    expect(await reindex(service, namespace)).toMatchObject({ buckets: 0, channels: 0 });
  });

  test('applies a backlog that is too large for a request to read', async () => {
    const { namespace, apply, find, total } = await withFullBucket();
    const early = await createWithOldId(namespace, 1);
    // Pending changes of 100 KB each exceed the read budget of a request.
    for (let ordinal = 2; ordinal < 60; ordinal++) {
      const id = await createWithOldId(namespace, ordinal);
      await service.channels.update({
        Key: keys.pendingChange(namespace, id),
        UpdateExpression: 'SET padding = :padding',
        ExpressionAttributeValues: { ':padding': 'x'.repeat(100_000) },
      });
    }
    const projectionsBehind = {
      code: 'unavailable',
      message: expect.stringMatching('try again in a minute'),
    };
    await expect(total()).rejects.toMatchObject(projectionsBehind);
    await expect(find('x')).rejects.toMatchObject(projectionsBehind);
    await apply(early);
    for (let ordinal = 2; ordinal < 60; ordinal++) await apply(idAt(seededAt + ordinal, ordinal));
    expect(await total()).toBe(bucketSize + 59);
  });

  test('is read again if one bucket was read before a transaction and the next one after it', async () => {
    const { namespace, create, applyAll } = newNamespace(service);
    for (let index = 0; index < bucketSize; index++) await create({ name: 'x' });
    await applyAll();
    const query = bucketsStartingIn(namespace, allIds);
    const { items: before } = await service.projections.query(query);
    await create({ name: 'x' });
    await applyAll();
    let reads = 0;
    const projections = interceptQueries(service.projections, (page) =>
      reads++ === 0 ? { ...page, items: [...before, ...page.items.slice(1)] } : page,
    );
    const buckets = await readBucketCounts({ channels: service.channels, projections }, namespace, allIds);
    expect(buckets.map(({ count }) => count)).toEqual([bucketSize, 1]);
    expect(reads).toBe(2);
  });

  test('ignores a bucket that starts after its range while it is read', async () => {
    const { namespace, ids, create, applyAll } = await withFullBucket();
    let hasCreated = false;
    const projections = interceptQueries(service.projections, async (page) => {
      if (!hasCreated) {
        hasCreated = true;
        await create({ name: 'x' });
        await applyAll();
      }
      return page;
    });
    const range = { first: allIds.first, last: ids[5] as string };
    const buckets = await readBucketCounts({ channels: service.channels, projections }, namespace, range);
    expect(buckets.map(({ first, count }) => [first, count])).toEqual([[allIds.first, bucketSize]]);
  });

  test('is right if a pending change is applied but not removed yet', async () => {
    const { namespace, create, remove, apply, total } = newNamespace(service);
    const id = await create({ name: 'x' });
    const pendingChange = await service.channels.get(keys.pendingChange(namespace, id));
    await apply(id);
    await service.channels.put({ Item: pendingChange });
    expect(await total()).toBe(1);
    await remove(id);
    expect(await total()).toBe(0);
    await apply(id);
    expect(await readProjections(service, namespace)).toEqual(emptyProjections);
  });

  /**
   * A namespace whose only bucket counts twice as many as a full one. The newest ids came first, so no bucket started
   * after it.
   */
  const withDoubleBucket = async () => {
    const fixture = newNamespace(service);
    const ids: string[] = [];
    for (let ordinal = 2 * bucketSize; ordinal > 0; ordinal--) {
      ids.unshift(await createWithOldId(fixture.namespace, ordinal));
      await fixture.apply(ids[0] as string);
    }
    return {
      ...fixture,
      ids,
      readBuckets: async () => (await readProjections(service, fixture.namespace)).buckets,
    };
  };

  test('splits a bucket that older channels have joined', async () => {
    const { namespace, apply, readBuckets, total } = await withDoubleBucket();
    expect(await readBuckets()).toEqual([[allIds.first, 2 * bucketSize]]);
    await apply(await createWithOldId(namespace, 0));
    expect((await readBuckets()).map(([, size]) => size)).toEqual([bucketSize + 1, bucketSize]);
    expect(await total()).toBe(2 * bucketSize + 1);
  });

  test('splits a bucket correctly while other clients create and delete its channels', async () => {
    const { namespace, ids, remove, applyAll, readBuckets, total } = await withDoubleBucket();
    const late = await createWithOldId(namespace, 0);
    let reads = 0;
    const channels = interceptQueries(service.channels, async (page, { ProjectionExpression }) => {
      // After the channels are read, and before their pending changes are.
      if (ProjectionExpression === 'sk' && reads++ === 0) {
        await remove(ids[1] as string);
        const between = idAt(seededAt + 1, 999);
        const channel = channelOf(1, { _id: between, company_namespace: [namespace] });
        await service.channels.transact(() =>
          planChannelWrites(undefined, channel, { now: 1_700_000_000_000, keyId: 'k' }, 0),
        );
      }
      return page;
    });
    await applyPending({ channels, projections: service.projections }, namespace, [late]);
    expect(reads).toBeGreaterThan(1);
    expect(await total()).toBe(2 * bucketSize + 1);
    await applyAll();
    expect((await readBuckets()).map(([, size]) => size)).toEqual([bucketSize + 1, bucketSize]);
    expect(await reindex(service, namespace)).toMatchObject({ buckets: 1 });
    expect((await readBuckets()).map(([, size]) => size)).toEqual([bucketSize, 1, bucketSize]);
  });
});

describe('a channel that is renamed again and again while its pending change waits', () => {
  test('may have more than 100 names, and is found only by the last one', async () => {
    const { namespace, create, update, apply, find } = newNamespace(service);
    const id = await create({ name: 'Name' });
    for (let count = 0; count <= 100; count++) await update(id, { name: `Name ${count}` });
    expect([await find('99'), await find('100')]).toEqual([[], [id]]);
    await apply(id);
    expect((await readProjections(service, namespace)).suffixEntries).toEqual(
      expectedEntries(namespace, { [id]: 'Name 100' }),
    );
  });

  // The first letter is folded to 33 bytes.
  const largeName = (end: number) => `${'ﷺ'.repeat(250)} ${end}`;

  test('is refused once its names fill the pending change, until that is applied; but it can be deleted at any time', async () => {
    const { create, update, remove, apply, find } = newNamespace(service);
    const id = await create({ name: largeName(0) });
    const renameEightTimes = async (from: number) => {
      for (let count = from; count < from + 8; count++) await update(id, { name: largeName(count) });
    };
    await renameEightTimes(1);
    await expect(update(id, { name: largeName(9) })).rejects.toBeInstanceOf(WriteContention);
    await apply(id);
    await renameEightTimes(9);
    expect(await find('16')).toEqual([id]);
    await remove(id);
    expect(await find('16')).toEqual([]);
  });
});

describe('several processes that apply the same pending change', () => {
  test('apply it once', async () => {
    const { namespace, create, update } = newNamespace(service);
    const id = await create({ name: 'Retail' });
    await Promise.all(Array.from({ length: 8 }, () => applyPending(service, namespace, [id])));
    await update(id, { name: 'Wholesale' });
    await Promise.all(Array.from({ length: 8 }, () => applyPending(service, namespace, [id])));
    expect(await readProjections(service, namespace)).toEqual({
      pendingChanges: [],
      suffixEntries: suffixEntries(namespace, id, 'wholesale').sort(bySortKey),
      buckets: [[allIds.first, 1]],
    });
  });

  test('never undo a later change', async () => {
    const { namespace, create, update, remove, applyAll } = newNamespace(service);
    const id = await create({ name: 'Retail' });
    const names = ['Wholesale', 'Retail', 'Corner', 'Retail shop'];
    const applying: Promise<void>[] = [];
    for (const name of names) {
      applying.push(applyPending(service, namespace, [id]));
      await update(id, { name });
    }
    await Promise.all(applying);
    await applyAll();
    expect((await readProjections(service, namespace)).suffixEntries).toEqual(
      suffixEntries(namespace, id, 'retail shop').sort(bySortKey),
    );
    applying.push(applyPending(service, namespace, [id]));
    await remove(id);
    await Promise.all(applying);
    await applyAll();
    expect(await readProjections(service, namespace)).toEqual(emptyProjections);
    expect(
      await service.channels.get(keys.channel(namespace, id)).then((item) => item && fromItem(item)),
    ).toBe(undefined);
  });
});
