import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { allIds } from '../../lib/channels/id-range.ts';
import { fromItem, planChannelWrites } from '../../lib/channels/items.ts';
import { keys } from '../../lib/channels/keys.ts';
import { bucketKey, bucketSize, bucketsStartingIn } from '../../lib/projections/rank-index/count-bucket.ts';
import { readBucketCounts } from '../../lib/projections/rank-index/bucket-counts.ts';
import { suffixEntries } from '../../lib/projections/search-index/suffix-entries.ts';
import { findByTerms } from '../../lib/projections/search-index/find-by-terms.ts';
import { applyPending } from '../../lib/projections/apply/apply-pending.ts';
import { connect } from '../../lib/dynamodb/client.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { foldText, foldTerms } from '../../lib/text/fold.ts';
import { bySortKey, newNamespace, expectedEntries, readProjections, idsOf, reindex, interceptQueries } from '../support/projections.ts';
import { channelOf, idAt, seededAt } from '../support/seed.ts';
import { type Service, startService } from '../support/service.ts';

/** The directory on the real engine: what it holds once marks are settled, and what its readers find before. */

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

describe('a channel that is settled', () => {
  test('stands in the entries of every suffix of every word, and is counted once', async () => {
    const { namespace, create, apply: settle } = newNamespace(service);
    const id = await create({ name: 'Été  Shop shop' });
    await settle(id);
    const name = 'ete shop shop';
    expect(await readProjections(service, namespace)).toEqual({
      marks: [],
      entries: ['e', 'ete', 'hop', 'op', 'p', 'shop', 'te'].map((suffix) => ({
        pk: expect.stringMatching(`^WORDS#${namespace}#\\d+$`),
        sk: `${suffix}\u0000${id}`,
        name,
      })),
      blocks: [[allIds.first, 1]],
    });
  });

  test('is found by its new name alone once it is renamed, and nowhere once it is deleted', async () => {
    const { namespace, create, update, remove, apply: settle } = newNamespace(service);
    const id = await create({ name: 'Retail shop' });
    await settle(id);
    await update(id, { name: 'Shop floor' });
    await settle(id);
    expect((await readProjections(service, namespace)).entries).toEqual(
      suffixEntries(namespace, id, 'shop floor').sort(bySortKey),
    );
    await remove(id);
    await settle(id);
    expect(await readProjections(service, namespace)).toEqual({ marks: [], entries: [], blocks: [[allIds.first, 0]] });
  });

  test('is not written again for a change that the directory has no part in', async () => {
    const { namespace, create, update, apply: settle } = newNamespace(service);
    const id = await create({ name: 'Retail' });
    await settle(id);
    await update(id, { disabled: true });
    await update(id, { local_name: 'x' });
    await update(id, { name: 'RETAIL' });
    expect((await readProjections(service, namespace)).marks).toEqual([]);
  });

  test('is in the directory of each namespace that it belongs to', async () => {
    const { namespace, other, create, update } = newNamespace(service);
    const id = await create({ name: 'Retail', company_namespace: [namespace, other] });
    for (const each of [namespace, other]) await applyPending(service, each, [id]);
    expect(idsOf(await findByTerms(service, other, ['tail']))).toEqual([id]);
    await update(id, { company_namespace: [namespace] });
    expect(idsOf(await findByTerms(service, other, ['tail']))).toEqual([]);
    await applyPending(service, other, [id]);
    expect(await readProjections(service, other)).toEqual({ marks: [], entries: [], blocks: [[allIds.first, 0]] });
  });

  // Every letter another one: as many suffixes as letters, and more than a transaction takes.
  const long = Array.from({ length: 250 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join('');

  test('may have more entries than a transaction takes', async () => {
    const { namespace, create, update, apply: settle, find } = newNamespace(service);
    const id = await create({ name: long });
    await settle(id);
    await update(id, { name: [...long].reverse().join('') });
    await settle(id);
    const { marks, entries, blocks } = await readProjections(service, namespace);
    expect([marks, blocks]).toEqual([[], [[allIds.first, 1]]]);
    expect(entries).toEqual(suffixEntries(namespace, id, foldText([...long].reverse().join(''))).sort(bySortKey));
    expect(await find('\u4e02\u4e01')).toEqual([id]);
    expect(await find('\u4e01\u4e02')).toEqual([]);
  });
});

describe('a search', () => {
  test('sees every write at once, settled or not', async () => {
    const { create, update, remove, apply: settle, find } = newNamespace(service);
    const id = await create({ name: 'Retail' });
    expect(await find('tai')).toEqual([id]);
    await settle(id);
    expect(await find('tai')).toEqual([id]);
    await update(id, { name: 'Wholesale' });
    expect([await find('tai'), await find('ole')]).toEqual([[], [id]]);
    await settle(id);
    expect([await find('tai'), await find('ole')]).toEqual([[], [id]]);
    await remove(id);
    expect(await find('ole')).toEqual([]);
  });

  test('finds what holds all words, wherever they stand', async () => {
    const { create, applyAll: settleAll, find } = newNamespace(service);
    const names = ['Corner shop North', 'North shopping mall', 'Mall of the south', 'a#b'];
    const ids: string[] = [];
    for (const name of names) ids.push(await create({ name }));
    await settleAll();
    const [corner, north, south, punctuation] = ids;
    expect(await find('SHOP orth')).toEqual([corner, north]);
    expect(await find('mall')).toEqual([north, south]);
    expect(await find('o o')).toEqual([corner, north, south]);
    expect(await find('#')).toEqual([punctuation]);
    expect(await find('b#')).toEqual([]);
  });

  /** A search of two pages, between which something happens. */
  const findBetween = async (namespace: string, text: string, between: (page: number) => Promise<void>) => {
    let pages = 0;
    const directory = interceptQueries(service.projections, async (page, query) => {
      const isFirst = query.ExclusiveStartKey === undefined;
      if (!isFirst || page.items.length < 2) return page;
      await between(++pages);
      const [{ pk, sk } = {}] = page.items;
      return { ...page, items: page.items.slice(0, 1), lastKey: { pk, sk } as Record<string, string> };
    });
    return idsOf(await findByTerms({ channels: service.channels, projections: directory }, namespace, foldTerms(text)));
  };

  test('of several pages finds a channel that is renamed and settled between them', async () => {
    const { namespace, create, update, applyAll: settleAll } = newNamespace(service);
    const ids = [await create({ name: 'sm' }), await create({ name: 'sz' })];
    await settleAll();
    const found = await findBetween(namespace, 's', async (page) => {
      if (page > 1) return;
      // From a page that is still to be read to one that has been.
      await update(ids[1] as string, { name: 'sa' });
      await settleAll();
    });
    expect(found).toEqual([...ids].sort());
  });

  test('of several pages goes on while others are created, settled and deleted', async () => {
    const { namespace, create, remove, applyAll: settleAll } = newNamespace(service);
    const ids = [await create({ name: 'sm' }), await create({ name: 'sz' })];
    await settleAll();
    let pages = 0;
    const found = await findBetween(namespace, 's', async () => {
      pages++;
      const other = await create({ name: 'Other' });
      await settleAll();
      await remove(other);
    });
    expect([found, pages]).toEqual([[...ids].sort(), 1]);
  });

  test('by a word that is longer than a key compares it whole', async () => {
    const { create, applyAll: settleAll, find } = newNamespace(service);
    // Letters of 4 bytes each: a key holds 225 of them.
    const word = (end: string) => `${'\u{20000}'.repeat(239)}${end}`;
    const id = await create({ name: word('x') });
    await settleAll();
    expect(await find(word('x'))).toEqual([id]);
    expect(await find(word('y'))).toEqual([]);
  });
});

describe('the census', () => {
  test('counts every answered write, settled or not', async () => {
    const { create, remove, apply: settle, total } = newNamespace(service);
    const [one, two] = [await create({ name: 'One' }), await create({ name: 'Two' })];
    expect(await total()).toBe(2);
    await settle(one);
    expect(await total()).toBe(2);
    await remove(one);
    expect(await total()).toBe(1);
    await settle(two);
    await settle(one);
    expect(await total()).toBe(1);
  });

  /** A namespace with a full block, and the ids that it counts. */
  const withFullBlock = async () => {
    const actors = newNamespace(service);
    const ids: string[] = [];
    for (let index = 0; index < bucketSize; index++) ids.push(await actors.create({ name: 'x' }));
    await actors.applyAll();
    return { ...actors, ids: ids.sort(), blocks: async () => (await readProjections(service, actors.namespace)).blocks };
  };

  /** A channel that was created before all others, as one that joins the namespace late. */
  const joinEarly = async (namespace: string, ordinal: number) => {
    const channel = channelOf(ordinal, { company_namespace: [namespace] });
    await service.channels.transact(() =>
      planChannelWrites(undefined, channel, { now: 1_700_000_000_000, keyId: 'k' }, 0),
    );
    return channel._id;
  };

  test('begins another block behind a full one, and ends one that has become empty', async () => {
    const { create, remove, applyAll: settleAll, blocks, total } = await withFullBlock();
    const [first, second] = [await create({ name: 'x' }), await create({ name: 'x' })].sort() as [
      string,
      string,
    ];
    await settleAll();
    const full = [allIds.first, bucketSize];
    expect(await blocks()).toEqual([full, [first, 2]]);
    await remove(first);
    await settleAll();
    expect(await blocks()).toEqual([full, [first, 1]]);
    await remove(second);
    await settleAll();
    expect([await blocks(), await total()]).toEqual([[full], bucketSize]);
    const third = await create({ name: 'x' });
    await settleAll();
    expect([await blocks(), await total()]).toEqual([[full, [third, 1]], bucketSize + 1]);
  });

  test('begins another block behind a full one while others go on to create', async () => {
    const { namespace, create, applyAll: settleAll, blocks, total } = await withFullBlock();
    const next = await create({ name: 'x' });
    let created = 0;
    const channels = interceptQueries(service.channels, async (page) => {
      // Bounded, lest a settler that waits for quiet goes on for ever.
      if (created++ < 20) await create({ name: 'x' });
      return page;
    });
    await applyPending({ channels, projections: service.projections }, namespace, [next]);
    expect(await blocks()).toEqual([
      [allIds.first, bucketSize],
      [next, 1],
    ]);
    await settleAll();
    expect(await total()).toBe(bucketSize + 1 + Math.min(created, 20));
  });

  test('takes a backlog in whichever order, at a cost that does not follow its size', async () => {
    const { namespace, total } = newNamespace(service);
    const size = 4 * bucketSize;
    const ids = Array.from({ length: size }, (_, ordinal) => idAt(seededAt + ordinal, ordinal));
    for (const [ordinal, _id] of ids.entries()) {
      const channel = channelOf(ordinal, { _id, company_namespace: [namespace] });
      await service.channels.transact(() =>
        planChannelWrites(undefined, channel, { now: seededAt + ordinal, keyId: 'k' }, 0),
      );
    }
    // The newest before all others, as where the stream goes on with what is new and leaves what is old to the clock.
    const costs: number[] = [];
    for (const id of [ids.at(-1) as string, ...ids]) {
      const meter = new Meter();
      const open = ({ name }: Table) => new Table({ client: connect(), meter, signal: AbortSignal.timeout(60_000) }, name);
      await applyPending({ channels: open(service.channels), projections: open(service.projections) }, namespace, [id]);
      costs.push(meter.totals.rcu);
    }
    expect(await total()).toBe(size);
    const dear = costs.filter((cost) => cost > 12);
    expect({ dear: dear.length <= size / bucketSize, dearest: Math.max(...costs) < 200 }).toEqual({
      dear: true,
      dearest: true,
    });
  });

  test('counts no channel twice whose mark outlives its settling, though another block begins before it', async () => {
    const { namespace, ids, create, remove, apply: settle, total } = await withFullBlock();
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
    // Of 129, the last goes; its mark stays, as if the settler had died before he removed it.
    await remove(next);
    const mark = await service.channels.get(keys.pendingChange(namespace, next));
    await settle(next);
    await service.channels.put({ Item: mark });
    const between = `${(ids.at(-1) as string).slice(0, 12)}ffffffffffff`;
    const late = channelOf(1, { _id: between, company_namespace: [namespace] });
    await service.channels.transact(() => planChannelWrites(undefined, late, { now: Date.now(), keyId: 'k' }, 0));
    await settle(between);
    expect(await total()).toBe(bucketSize + 1);
    await settle(next);
    expect(await total()).toBe(bucketSize + 1);
    expect(await reindex(service, namespace)).toMatchObject({ blocks: 0 });
  });

  test('counts the channels of a block themselves where one of its marks goes while it is read', async () => {
    const { namespace, create, apply: settle, applyAll: settleAll } = newNamespace(service);
    await create({ name: 'x' });
    await settleAll();
    const id = await create({ name: 'x' });
    let isSettled = false;
    const channels = interceptQueries(service.channels, async (page) => {
      if (!isSettled) {
        isSettled = true;
        await settle(id);
        // The block forgets it, once another is settled there.
        await settle(await create({ name: 'x' }));
      }
      return page;
    });
    const [block] = await readBucketCounts({ channels, projections: service.projections }, namespace, allIds);
    expect(block?.count).toBe(3);
  });

  test('takes many together, as many as there are, in blocks of 128', async () => {
    const { namespace, other, create, remove, update, applyAll: settleAll, find, total, blocks } =
      await withFullBlock();
    const later: string[] = [];
    for (let index = 0; index < 2 * bucketSize + 5; index++)
      later.push(await create({ name: `Shop ${index}` }));
    const shared = await create({ name: 'Shared', company_namespace: [namespace, other] });
    await remove(later[3] as string);
    await update(later[4] as string, { name: 'Renamed' });
    await settleAll();
    expect((await blocks()).map(([, size]) => size)).toEqual([bucketSize, bucketSize, bucketSize, 5]);
    expect([await total(), await find('renamed'), await find('shared')]).toEqual([
      3 * bucketSize + 5,
      [later[4]],
      [shared],
    ]);
    expect(await reindex(service, namespace)).toMatchObject({ blocks: 0, channels: 0 });
    for (const id of later.filter((id) => id !== later[3])) await remove(id);
    await settleAll();
    expect(await blocks()).toEqual([
      [allIds.first, bucketSize],
      [expect.any(String), 1],
    ]);
    expect(await reindex(service, namespace)).toMatchObject({ blocks: 0, channels: 0 });
  });

  test('takes a backlog that no request could read, and divides it', async () => {
    const { namespace, apply: settle, find, total } = await withFullBlock();
    const early = await joinEarly(namespace, 1);
    // Marks of 100 KB each: more of them than a request reads.
    for (let ordinal = 2; ordinal < 60; ordinal++) {
      const id = await joinEarly(namespace, ordinal);
      await service.channels.update({
        Key: keys.pendingChange(namespace, id),
        UpdateExpression: 'SET padding = :padding',
        ExpressionAttributeValues: { ':padding': 'x'.repeat(100_000) },
      });
    }
    const fallenBehind = { code: 'unavailable', message: expect.stringMatching('try again in a minute') };
    await expect(total()).rejects.toMatchObject(fallenBehind);
    await expect(find('x')).rejects.toMatchObject(fallenBehind);
    await settle(early);
    for (let ordinal = 2; ordinal < 60; ordinal++) await settle(idAt(seededAt + ordinal, ordinal));
    expect(await total()).toBe(bucketSize + 59);
  });

  test('is made again where a block was read before a transaction, and the next one behind it', async () => {
    const { namespace, create, applyAll: settleAll } = newNamespace(service);
    for (let index = 0; index < bucketSize; index++) await create({ name: 'x' });
    await settleAll();
    const query = bucketsStartingIn(namespace, allIds);
    const { items: before } = await service.projections.query(query);
    await create({ name: 'x' });
    await settleAll();
    let reads = 0;
    const directory = interceptQueries(service.projections, (page) =>
      reads++ === 0 ? { ...page, items: [...before, ...page.items.slice(1)] } : page,
    );
    const blocks = await readBucketCounts({ channels: service.channels, projections: directory }, namespace, allIds);
    expect(blocks.map(({ count }) => count)).toEqual([bucketSize, 1]);
    expect(reads).toBe(2);
  });

  test('leaves out a block that begins behind its range while it is taken', async () => {
    const { namespace, ids, create, applyAll: settleAll } = await withFullBlock();
    let isBegun = false;
    const directory = interceptQueries(service.projections, async (page) => {
      if (!isBegun) {
        isBegun = true;
        await create({ name: 'x' });
        await settleAll();
      }
      return page;
    });
    const range = { first: allIds.first, last: ids[5] as string };
    const blocks = await readBucketCounts({ channels: service.channels, projections: directory }, namespace, range);
    expect(blocks.map(({ first, count }) => [first, count])).toEqual([[allIds.first, bucketSize]]);
  });

  test('believes a block of a mark that it has settled and that is still there', async () => {
    const { namespace, create, remove, apply: settle, total } = newNamespace(service);
    const id = await create({ name: 'x' });
    const mark = await service.channels.get(keys.pendingChange(namespace, id));
    await settle(id);
    await service.channels.put({ Item: mark });
    expect(await total()).toBe(1);
    await remove(id);
    expect(await total()).toBe(0);
    await settle(id);
    expect(await readProjections(service, namespace)).toEqual({ marks: [], entries: [], blocks: [[allIds.first, 0]] });
  });

  /** A namespace whose only block counts twice as many as a full one: the latest came first, and none of the others stands behind it. */
  const withDoubleBlock = async () => {
    const actors = newNamespace(service);
    const ids: string[] = [];
    for (let ordinal = 2 * bucketSize; ordinal > 0; ordinal--) {
      ids.unshift(await joinEarly(actors.namespace, ordinal));
      await actors.apply(ids[0] as string);
    }
    return { ...actors, ids, blocks: async () => (await readProjections(service, actors.namespace)).blocks };
  };

  test('divides a block that older channels have joined', async () => {
    const { namespace, apply: settle, blocks, total } = await withDoubleBlock();
    expect(await blocks()).toEqual([[allIds.first, 2 * bucketSize]]);
    await settle(await joinEarly(namespace, 0));
    expect((await blocks()).map(([, size]) => size)).toEqual([bucketSize + 1, bucketSize]);
    expect(await total()).toBe(2 * bucketSize + 1);
  });

  test('divides a block rightly though others come and go as it is read', async () => {
    const { namespace, ids, remove, applyAll: settleAll, blocks, total } = await withDoubleBlock();
    const late = await joinEarly(namespace, 0);
    let readings = 0;
    const channels = interceptQueries(service.channels, async (page, { ProjectionExpression }) => {
      // Behind the channels, before the marks that stand beside them.
      if (ProjectionExpression === 'sk' && readings++ === 0) {
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
    expect(readings).toBeGreaterThan(1);
    expect(await total()).toBe(2 * bucketSize + 1);
    await settleAll();
    expect((await blocks()).map(([, size]) => size)).toEqual([bucketSize + 1, bucketSize]);
    expect(await reindex(service, namespace)).toMatchObject({ blocks: 1 });
    expect((await blocks()).map(([, size]) => size)).toEqual([bucketSize, 1, bucketSize]);
  });
});

describe('a channel that is renamed again and again while its mark waits', () => {
  test('is taken more than a hundred times, and found by its last name alone', async () => {
    const { namespace, create, update, apply: settle, find } = newNamespace(service);
    const id = await create({ name: 'Name' });
    for (let count = 0; count <= 100; count++) await update(id, { name: `Name ${count}` });
    expect([await find('99'), await find('100')]).toEqual([[], [id]]);
    await settle(id);
    expect((await readProjections(service, namespace)).entries).toEqual(expectedEntries(namespace, { [id]: 'Name 100' }));
  });

  // Folded, each of the first letters is 33 bytes.
  const longName = (end: number) => `${'ﷺ'.repeat(250)} ${end}`;

  test('is refused when its names would fill the mark, and taken again once it is settled; it may go at any time', async () => {
    const { create, update, remove, apply: settle, find } = newNamespace(service);
    const id = await create({ name: longName(0) });
    const renameEightTimes = async (from: number) => {
      for (let count = from; count < from + 8; count++) await update(id, { name: longName(count) });
    };
    await renameEightTimes(1);
    await expect(update(id, { name: longName(9) })).rejects.toMatchObject({ code: 'conflict' });
    await settle(id);
    await renameEightTimes(9);
    expect(await find('16')).toEqual([id]);
    await remove(id);
    expect(await find('16')).toEqual([]);
  });
});

describe('of those who settle one mark', () => {
  test('all at once, one does it', async () => {
    const { namespace, create, update } = newNamespace(service);
    const id = await create({ name: 'Retail' });
    await Promise.all(Array.from({ length: 8 }, () => applyPending(service, namespace, [id])));
    await update(id, { name: 'Wholesale' });
    await Promise.all(Array.from({ length: 8 }, () => applyPending(service, namespace, [id])));
    expect(await readProjections(service, namespace)).toEqual({
      marks: [],
      entries: suffixEntries(namespace, id, 'wholesale').sort(bySortKey),
      blocks: [[allIds.first, 1]],
    });
  });

  test('none undoes what a later change has settled', async () => {
    const { namespace, create, update, remove, applyAll: settleAll } = newNamespace(service);
    const id = await create({ name: 'Retail' });
    const names = ['Wholesale', 'Retail', 'Corner', 'Retail shop'];
    const settling: Promise<void>[] = [];
    for (const name of names) {
      settling.push(applyPending(service, namespace, [id]));
      await update(id, { name });
    }
    await Promise.all(settling);
    await settleAll();
    expect((await readProjections(service, namespace)).entries).toEqual(
      suffixEntries(namespace, id, 'retail shop').sort(bySortKey),
    );
    settling.push(applyPending(service, namespace, [id]));
    await remove(id);
    await Promise.all(settling);
    await settleAll();
    expect(await readProjections(service, namespace)).toEqual({ marks: [], entries: [], blocks: [[allIds.first, 0]] });
    expect(
      await service.channels.get(keys.channel(namespace, id)).then((item) => item && fromItem(item)),
    ).toBe(undefined);
  });
});
