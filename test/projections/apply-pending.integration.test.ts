import { describe, expect, test } from '@jest/globals';
import { allIds } from '../../lib/channels/id-range.ts';
import { WriteContention } from '../../lib/dynamodb/failures.ts';
import { applyPending } from '../../lib/projections/apply/apply-pending.ts';
import { bucketKey } from '../../lib/projections/rank-index/count-bucket.ts';
import { findByTerms } from '../../lib/projections/search-index/find-by-terms.ts';
import { suffixEntries } from '../../lib/projections/search-index/suffix-entries.ts';
import {
  bySortKey,
  expectedEntries,
  findPageByPage,
  idsOf,
  newNamespace,
  readProjections,
} from '../support/projections.ts';
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
    await update(id, { integration_meta: '{}' });
    await update(id, { name: 'RETAIL' });
    expect((await readProjections(service, namespace)).pendingChanges).toEqual([]);
  });

  test('gets a pending change for a local name, and has the entries of both names once it is applied', async () => {
    const { namespace, create, update, remove, apply } = newNamespace(service);
    const id = await create({ name: 'Retail', local_name: 'تجزئة' });
    await apply(id);
    const projected = () => readProjections(service, namespace);
    const expected = (local_name: string) => ({
      pendingChanges: [],
      suffixEntries: expectedEntries(namespace, { [id]: { name: 'Retail', local_name } }),
      buckets: [[allIds.first, 1]],
    });
    expect(await projected()).toEqual(expected('تجزئة'));
    const bucket = await service.projections.get(bucketKey(namespace, allIds.first));

    await update(id, { local_name: 'جملة' });
    expect((await projected()).pendingChanges).toEqual([
      { id, token: '1', targetText: 'retail\nجمله', indexedTexts: ['retail\nتجزيه'], isCounted: true },
    ]);
    await apply(id);
    expect(await projected()).toEqual(expected('جملة'));

    await update(id, { local_name: null });
    await apply(id);
    expect((await projected()).suffixEntries).toEqual(expectedEntries(namespace, { [id]: 'Retail' }));
    // The count buckets know nothing of names.
    expect(await service.projections.get(bucketKey(namespace, allIds.first))).toEqual(bucket);

    await update(id, { local_name: 'جملة' });
    await remove(id);
    await apply(id);
    expect(await projected()).toEqual(emptyProjections);
  });

  test('gets no pending change for a local name that is folded to the old one', async () => {
    const { namespace, create, update, apply } = newNamespace(service);
    const id = await create({ name: 'Retail', local_name: 'قناة' });
    await apply(id);
    await update(id, { local_name: 'قَنَاة' });
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
    const reversed = [...longName].reverse().join('');
    const id = await create({ name: longName, local_name: `${longName} x` });
    await apply(id);
    await update(id, { name: reversed, local_name: `${reversed} y` });
    await apply(id);
    const { pendingChanges, suffixEntries: entries, buckets } = await readProjections(service, namespace);
    expect([pendingChanges, buckets]).toEqual([[], [[allIds.first, 1]]]);
    expect(entries).toEqual(
      expectedEntries(namespace, { [id]: { name: reversed, local_name: `${reversed} y` } }),
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

  test('finds a channel by its local name, and by words of both names, whether they are applied or not', async () => {
    const { create, update, remove, apply, find } = newNamespace(service);
    const id = await create({ name: 'Retail', local_name: 'قناة التجزئة' });
    const other = await create({ name: 'Retail' });
    const found = async () => ({
      oldName: await find('تجزئ'),
      newName: await find('جمله'),
      bothNames: await find('جمله tail'),
    });
    const both = [id, other].sort();
    const before = { oldName: [id], newName: [], bothNames: [] };
    expect([await find('tail'), await find('tail قناه'), await found()]).toEqual([both, [id], before]);
    await apply(id);
    expect([await find('tail'), await find('tail قناه'), await found()]).toEqual([both, [id], before]);
    await update(id, { local_name: 'جملة' });
    const after = { oldName: [], newName: [id], bothNames: [id] };
    expect(await found()).toEqual(after);
    await apply(id);
    expect(await found()).toEqual(after);
    await update(id, { local_name: null });
    const without = { oldName: [], newName: [], bothNames: [] };
    expect([await find('tail'), await found()]).toEqual([both, without]);
    await apply(id);
    expect([await find('tail'), await found()]).toEqual([both, without]);
    await update(id, { local_name: 'جملة' });
    await remove(id);
    expect(await found()).toEqual(without);
  });

  test('does not find a text that begins in one name and ends in the other', async () => {
    const { create, apply, find } = newNamespace(service);
    const id = await create({ name: 'Ab', local_name: 'Cd' });
    expect([await find('bc'), await find('b c')]).toEqual([[], [id]]);
    await apply(id);
    expect([await find('bc'), await find('b c')]).toEqual([[], [id]]);
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

  test('that reads several pages finds a channel that is renamed and applied between them', async () => {
    const { namespace, create, update, applyAll } = newNamespace(service);
    const ids = [await create({ name: 'sm' }), await create({ name: 'sz' })];
    await applyAll();
    const found = await findPageByPage(service, namespace, 's', async (page) => {
      if (page > 1) return;
      // Its entry moves from a later page to one that was read before.
      await update(ids[1] as string, { name: 'sa' });
      await applyAll();
    });
    expect(found).toEqual([...ids].sort());
  });

  test('that reads several pages finds a channel whose local name is changed and applied between them', async () => {
    const { namespace, create, update, applyAll } = newNamespace(service);
    const ids = [
      await create({ name: 'x', local_name: 'sm' }),
      await create({ name: 'x', local_name: 'sz' }),
    ];
    await applyAll();
    const found = await findPageByPage(service, namespace, 's', async (page) => {
      if (page > 1) return;
      await update(ids[1] as string, { local_name: 'sa' });
      await applyAll();
    });
    expect(found).toEqual([...ids].sort());
  });

  test('that reads several pages is not restarted by channels that are created, applied and deleted', async () => {
    const { namespace, create, remove, applyAll } = newNamespace(service);
    const ids = [await create({ name: 'sm' }), await create({ name: 'sz' })];
    await applyAll();
    let pages = 0;
    const found = await findPageByPage(service, namespace, 's', async () => {
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
    const id = await create({ name: largeName(0), local_name: largeName(0) });
    const renameThreeTimes = async (from: number) => {
      for (let count = from; count < from + 3; count++)
        await update(id, { name: largeName(count), local_name: largeName(count) });
    };
    await renameThreeTimes(1);
    await expect(update(id, { local_name: null })).rejects.toBeInstanceOf(WriteContention);
    await apply(id);
    await renameThreeTimes(4);
    expect(await find('6')).toEqual([id]);
    await remove(id);
    expect(await find('6')).toEqual([]);
  });
});
