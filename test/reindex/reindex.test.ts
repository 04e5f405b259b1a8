import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { allIds } from '../../lib/channels/id-range.ts';
import { sumCounters, planChannelWrites } from '../../lib/channels/items.ts';
import { keys } from '../../lib/channels/keys.ts';
import { bucketKey, bucketSize } from '../../lib/projections/rank-index/count-bucket.ts';
import { suffixEntries } from '../../lib/projections/search-index/suffix-entries.ts';
import { recountTotals } from '../../lib/reindex/recount-totals.ts';
import { reindexing } from '../../lib/reindex/reindex.ts';
import { newNamespace, expectedEntries, readProjections, reindex, interceptQueries } from '../support/projections.ts';
import { channelOf } from '../support/seed.ts';
import { type Service, startService } from '../support/service.ts';

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const by = { now: 1_700_000_000_000, keyId: 'k' };

/** Channels as a table holds them that knows of nothing derived. */
const plantBare = async (namespace: string, count: number) => {
  const channels = Array.from({ length: count }, (_, index) =>
    channelOf(index, { name: `Shop ${index}`, disabled: index % 4 === 0, company_namespace: [namespace] }),
  );
  for (const channel of channels) {
    const [copy] = planChannelWrites(undefined, channel, by, 0);
    await service.channels.transact(() => (copy ? [copy] : []));
  }
  return Object.fromEntries(channels.map(({ _id, name }) => [_id, name]));
};

const totalsOf = async (namespace: string) => {
  const counters = Array.from({ length: 8 }, (_, shard) =>
    service.channels.get(keys.counter(namespace, shard)),
  );
  return sumCounters((await Promise.all(counters)).filter((item) => item !== undefined));
};

describe('reindexing a namespace', () => {
  test('derives all of it from the channels', async () => {
    const { namespace } = newNamespace(service);
    const names = await plantBare(namespace, bucketSize + 2);
    expect(await reindex(service, namespace)).toEqual({
      totals: { before: { enabled: 0, disabled: 0 }, after: { enabled: 97, disabled: 33 } },
      keys: 0,
      blocks: 1,
      channels: bucketSize + 2,
    });
    expect(await totalsOf(namespace)).toEqual({ enabled: 97, disabled: 33 });
    expect(await readProjections(service, namespace)).toEqual({
      marks: [],
      entries: expectedEntries(namespace, names),
      blocks: [
        [allIds.first, bucketSize],
        [Object.keys(names)[bucketSize], 2],
      ],
    });
  });

  test('finds nothing amiss the second time', async () => {
    const { namespace, create, applyAll: settleAll } = newNamespace(service);
    await create({ name: 'One' });
    await create({ name: 'Two', disabled: true });
    await settleAll();
    const right = await readProjections(service, namespace);
    expect(await reindex(service, namespace)).toEqual({
      totals: { before: { enabled: 1, disabled: 1 }, after: { enabled: 1, disabled: 1 } },
      keys: 0,
      blocks: 0,
      channels: 0,
    });
    expect(await readProjections(service, namespace)).toEqual(right);
  });

  test('mends what is missing, wrong, or of a channel that is not there', async () => {
    const { namespace, create, applyAll: settleAll } = newNamespace(service);
    const one = await create({ name: 'One' });
    const two = await create({ name: 'Two' });
    await settleAll();
    const { projections: directory } = service;
    const [missing] = suffixEntries(namespace, one, 'one');
    const foreign = suffixEntries(namespace, '0'.repeat(24), 'nobody');
    const wrong = suffixEntries(namespace, two, 'former');
    await directory.transact(() => [
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
    expect(await reindex(service, namespace)).toMatchObject({ keys: 1, blocks: 1, channels: 3 });
    expect(await readProjections(service, namespace)).toEqual({
      marks: [],
      entries: expectedEntries(namespace, { [one]: 'one', [two]: 'two' }),
      blocks: [[allIds.first, 2]],
    });
  });

  test('is right while others write', async () => {
    const { namespace, create, update, remove, applyAll: settleAll, total, find } = newNamespace(service);
    const names = await plantBare(namespace, 40);
    const ids = Object.keys(names);
    const write = async () => {
      for (const [index, id] of ids.entries()) {
        if (index % 3 === 0) await update(id, { name: `Renamed ${index}` });
        if (index % 3 === 1) await remove(id);
        if (index % 3 === 2) await create({ name: `Created ${index}` });
      }
    };
    // The totals alone are given up where others write all the time.
    const { keys, buckets: blocks, channels } = reindexing;
    const derive = async () => {
      for (const step of [keys, blocks, channels]) await step(service, namespace);
    };
    await Promise.all([write(), derive()]);
    await reindex(service, namespace);
    await settleAll();
    expect([await total(), await totalsOf(namespace)]).toEqual([40, { enabled: 33, disabled: 7 }]);
    expect(await find('shop')).toHaveLength(13);
    expect(await find('renamed')).toHaveLength(14);
    expect(await find('created')).toHaveLength(13);
    expect(await reindex(service, namespace)).toMatchObject({ blocks: 0, channels: 0 });
  });

  test('gives the totals up where they change with each of 10 counts, and leaves them', async () => {
    const { namespace, create } = newNamespace(service);
    await plantBare(namespace, 3);
    let counts = 0;
    const table = interceptQueries(service.channels, async (page, query) => {
      // What differs is counted twice before it is believed; only then does somebody write.
      if (query.ProjectionExpression && ++counts % 2 === 0) await create({ name: 'Meanwhile' });
      return page;
    });
    await expect(recountTotals(table, namespace)).rejects.toMatchObject({ code: 'conflict' });
    expect(counts).toBe(20);
    expect(await totalsOf(namespace)).toEqual({ enabled: 10, disabled: 0 });
  });
});
