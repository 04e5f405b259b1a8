import { describe, expect, test } from '@jest/globals';
import { allIds, below, type IdRange } from '../../lib/channels/id-range.ts';
import { keys } from '../../lib/channels/keys.ts';
import { connect } from '../../lib/dynamodb/client.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { applyPending } from '../../lib/projections/apply/apply-pending.ts';
import {
  bucketItem,
  bucketKey,
  bucketSize,
  bucketsStartingIn,
  linkTo,
} from '../../lib/projections/rank-index/count-bucket.ts';
import { readBucketCounts } from '../../lib/projections/rank-index/read-bucket-counts.ts';
import { reindexing } from '../../lib/reindex/reindex.ts';
import {
  applyUntilKilled,
  interceptQueries,
  newNamespace,
  readProjections,
  reindex,
} from '../support/projections.ts';
import { idAt, seededAt, seededId } from '../support/seed.ts';
import { useService } from '../support/use-service.ts';

// The count buckets on DynamoDB Local: how they grow and shrink, and what readers count meanwhile.

const service = useService();

/**
 * A namespace whose channels are all applied, with buckets of any size. Buckets are small after most of their channels were
 * deleted, and large while older channels join them.
 * @param buckets the ordinals of the channels in each bucket. The ids grow with the ordinals.
 */
const withBuckets = async (...buckets: number[][]) => {
  const fixture = newNamespace(service);
  await fixture.seedApplied(buckets.flat());
  const firsts = buckets.map(([first = 0], index) => (index === 0 ? allIds.first : seededId(first)));
  for (const [index, first] of firsts.entries()) {
    const inBucket = buckets[index] ?? [];
    const next = firsts[index + 1];
    const Item = bucketItem(fixture.namespace, {
      first,
      count: inBucket.length,
      version: 1,
      appliedIds: {},
      highestId: seededId(inBucket.at(-1) ?? 0),
      ...(next !== undefined && { link: linkTo(next) }),
    });
    await service.projections.put({ Item });
  }
  return {
    ...fixture,
    ids: buckets.flat().map(seededId),
    readBuckets: async () => (await readProjections(service, fixture.namespace)).buckets,
  };
};

/** So many ordinals. A test can create older channels with the ordinals up to 1,000. */
const ordinals = (count: number) => Array.from({ length: count }, (_, index) => 1_001 + index);

const withFullBucket = () => withBuckets(ordinals(bucketSize));

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
    const { namespace, createWithOldId, total } = newNamespace(service);
    const size = 2 * bucketSize;
    const ids: string[] = [];
    for (let ordinal = 0; ordinal < size; ordinal++) ids.push(await createWithOldId(ordinal));
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
    const { namespace, ids, create, createWithOldId, remove, apply, total } = await withFullBucket();
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
    await createWithOldId(1, { _id: between });
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
    for (let index = 0; index < bucketSize + 5; index++) later.push(await create({ name: `Shop ${index}` }));
    const shared = await create({ name: 'Shared', company_namespace: [namespace, other] });
    await remove(later[3] as string);
    await update(later[4] as string, { name: 'Renamed' });
    await applyAll();
    expect((await readBuckets()).map(([, size]) => size)).toEqual([bucketSize, bucketSize, 5]);
    expect([await total(), await find('renamed'), await find('shared')]).toEqual([
      2 * bucketSize + 5,
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
    const { namespace, createWithOldId, apply, find, total } = await withFullBucket();
    const early = await createWithOldId(1);
    // Pending changes of 100 KB each exceed the read budget of a request.
    for (let ordinal = 2; ordinal < 60; ordinal++) {
      const id = await createWithOldId(ordinal);
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
    for (let ordinal = 2; ordinal < 60; ordinal++) await apply(seededId(ordinal));
    expect(await total()).toBe(bucketSize + 59);
  });

  test('is read again if one bucket was read before a transaction and the next one after it', async () => {
    const { namespace, create, applyAll } = await withFullBucket();
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
    expect(await readProjections(service, namespace)).toEqual({
      pendingChanges: [],
      suffixEntries: [],
      buckets: [[allIds.first, 0]],
    });
  });

  /** The newest ids came first, so no bucket started after the only one. */
  const withDoubleBucket = () => withBuckets(ordinals(2 * bucketSize));

  test('splits a bucket that older channels have joined', async () => {
    const { createWithOldId, apply, readBuckets, total } = await withDoubleBucket();
    expect(await readBuckets()).toEqual([[allIds.first, 2 * bucketSize]]);
    await apply(await createWithOldId(0));
    expect((await readBuckets()).map(([, size]) => size)).toEqual([bucketSize + 1, bucketSize]);
    expect(await total()).toBe(2 * bucketSize + 1);
  });

  test('splits a bucket correctly while other clients create and delete its channels', async () => {
    const { namespace, ids, createWithOldId, remove, applyAll, readBuckets, total } =
      await withDoubleBucket();
    const late = await createWithOldId(0);
    let reads = 0;
    const channels = interceptQueries(service.channels, async (page, { ProjectionExpression }) => {
      // After the channels are read, and before their pending changes are.
      if (ProjectionExpression === 'sk' && reads++ === 0) {
        await remove(ids[1] as string);
        await createWithOldId(1, { _id: idAt(seededAt + 1, 999) });
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

describe('the counts of a range', () => {
  /** Reads the counts of a range. After the first read of pending changes, and before the buckets are read, others write. */
  const readInterrupted = async (namespace: string, range: IdRange, interruption: () => Promise<unknown>) => {
    let isInterrupted = false;
    const channels = interceptQueries(service.channels, async (page) => {
      if (!isInterrupted) {
        isInterrupted = true;
        await interruption();
      }
      return page;
    });
    const tables = { channels, projections: service.projections };
    const buckets = await readBucketCounts(tables, namespace, range);
    return buckets.map(({ first, last, count }) => [first, last, count]);
  };

  test('contain a channel whose bucket is merged into the one before it while they are read', async () => {
    const { namespace, createWithOldId, remove, apply } = await withBuckets([1], [10], [20]);
    // The bucket of 10 is empty, and the projector was killed before it removed the pending change and the bucket.
    await remove(seededId(10));
    await applyUntilKilled(service, namespace, [seededId(10)], 'Delete', 'NS#');
    await createWithOldId(11);

    const counts = await readInterrupted(namespace, { first: seededId(10), last: allIds.last }, () =>
      apply(seededId(10)),
    );

    expect(counts).toEqual([
      [allIds.first, below(seededId(20), allIds).last, 2],
      [seededId(20), allIds.last, 1],
    ]);
  });

  test('belong to their ranges even if the bucket after the range is merged into the last one while they are read', async () => {
    const { namespace, createWithOldId, remove, applyAll } = await withBuckets([1, 2], [10]);

    const counts = await readInterrupted(namespace, below(seededId(10), allIds), async () => {
      await remove(seededId(10));
      await applyAll();
      await remove(seededId(2));
      await createWithOldId(11);
      await applyAll();
    });

    expect(counts).toEqual([[allIds.first, allIds.last, 2]]);
  });

  test('are read again if the last bucket was read after a transaction that starts another one, which is missing', async () => {
    const { namespace } = await withBuckets([1], [10]);
    let reads = 0;
    const projections = interceptQueries(service.projections, (page) =>
      reads++ === 0 ? { ...page, items: page.items.slice(0, 1) } : page,
    );

    const buckets = await readBucketCounts({ channels: service.channels, projections }, namespace, allIds);

    expect(buckets.map(({ first, count }) => [first, count])).toEqual([
      [allIds.first, 1],
      [seededId(10), 1],
    ]);
  });

  test('count a channel only once if its pending change is applied and replaced by another one while they are read', async () => {
    const { namespace, create, remove, applyAll } = newNamespace(service);
    const id = await create({ name: 'x' });

    const counts = await readInterrupted(namespace, allIds, async () => {
      await applyAll();
      // Applying another one drops the id from the applied ids of the bucket.
      await create({ name: 'x' });
      await applyAll();
      await remove(id);
    });

    expect(counts).toEqual([[allIds.first, allIds.last, 1]]);
  });
});

describe('the applied ids of a bucket', () => {
  const appliedIds = async (namespace: string) =>
    (await service.projections.get(bucketKey(namespace, allIds.first)))?.a;

  test('leave it with its next write, once their pending changes are removed', async () => {
    const { namespace, create, apply } = newNamespace(service);
    for (let made = 0; made < 3; made++) await apply(await create({ name: 'x' }));

    const last = await create({ name: 'x' });
    await apply(last);

    expect(await appliedIds(namespace)).toEqual({ [last]: true });
  });

  test('stay while their pending changes exist: the bucket is written, and no channel is counted twice', async () => {
    const { namespace, create, apply, total } = newNamespace(service);
    const id = await create({ name: 'x' });
    await applyUntilKilled(service, namespace, [id], 'Delete', 'NS#');

    const other = await create({ name: 'x' });
    await apply(other);

    expect(await appliedIds(namespace)).toEqual({ [id]: true, [other]: true });
    expect(await total()).toBe(2);
  });

  test('stay while their pending changes exist: the bucket is counted again, and no channel is counted twice', async () => {
    const { namespace, create, total } = newNamespace(service);
    const id = await create({ name: 'x' });
    await applyUntilKilled(service, namespace, [id], 'Delete', 'NS#');

    await reindexing.buckets(service, namespace);

    expect(await appliedIds(namespace)).toEqual({ [id]: true });
    expect(await total()).toBe(1);
  });

  test('leave it when the bucket is counted again, so that a channel that a backup lost can return', async () => {
    const { namespace, createWithOldId, apply, total } = newNamespace(service);
    const id = await createWithOldId(1);
    await apply(id);
    await service.channels.delete({ Key: keys.channel(namespace, id) });

    await reindexing.buckets(service, namespace);

    expect(await total()).toBe(0);
    await createWithOldId(1);
    expect(await total()).toBe(1);
  });

  test('keep an empty bucket while their pending changes exist', async () => {
    const { namespace, remove, apply, total } = await withBuckets([1], [10]);
    await remove(seededId(10));
    await applyUntilKilled(service, namespace, [seededId(10)], 'Delete', 'NS#');

    await reindexing.buckets(service, namespace);

    expect(await total()).toBe(1);
    await apply(seededId(10));
    expect(await total()).toBe(1);
    expect((await readProjections(service, namespace)).buckets).toEqual([[allIds.first, 1]]);
  });
});
