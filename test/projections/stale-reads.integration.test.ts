import { afterEach, describe, expect, test } from '@jest/globals';
import { type ChangePage, readChanges } from '../../lib/changes/read-changes.ts';
import { allIds } from '../../lib/channels/id-range.ts';
import { keys } from '../../lib/channels/keys.ts';
import { numberChanges } from '../../lib/projections/change-log/number-changes.ts';
import { reindexing } from '../../lib/reindex/reindex.ts';
import { freezeEventualReads } from '../support/freeze-eventual-reads.ts';
import { expectedEntries, findPageByPage, newNamespace, readProjections } from '../support/projections.ts';
import { createRewritingProxy } from '../support/rewriting-proxy.ts';
import { useService } from '../support/use-service.ts';

// DynamoDB may answer a read that is not strongly consistent from a replica that lags. These tests inject such a replica.

const proxy = createRewritingProxy();
const service = useService({ proxy });

afterEach(() => proxy.reset());

describe('while reads that are not strongly consistent see an old state of the tables', () => {
  test('searches and counts see every write, whether it is applied or not', async () => {
    const { create, update, remove, applyAll, find, total } = newNamespace(service);
    const renamed = await create({ name: 'Retail' });
    const removed = await create({ name: 'Corner' });
    await applyAll();
    await freezeEventualReads(proxy, service);

    await update(renamed, { name: 'Wholesale' });
    const applied = await create({ name: 'Shop' });
    await applyAll();
    const waiting = await create({ name: 'Retail shop' });
    await remove(removed);

    expect(await find('retail')).toEqual([waiting]);
    expect(await find('wholesale')).toEqual([renamed]);
    expect(await find('shop')).toEqual([applied, waiting].sort());
    expect(await find('corner')).toEqual([]);
    expect(await total()).toBe(3);
  });

  test('a search that reads several pages finds a channel that is renamed and applied between them', async () => {
    const { namespace, create, update, applyAll } = newNamespace(service);
    const ids = [await create({ name: 'sm' }), await create({ name: 'sz' })];
    await applyAll();
    await freezeEventualReads(proxy, service);

    const found = await findPageByPage(service, namespace, 's', async (page) => {
      if (page > 1) return;
      await update(ids[1] as string, { name: 'sa' });
      await applyAll();
    });

    expect(found).toEqual([...ids].sort());
  });

  test('a reader of the changes gets every change that is numbered, and every channel as it is', async () => {
    const { namespace, create, update, remove } = newNamespace(service);
    const numberWrites = (ids: string[], __v: number) => {
      const after = { __v, writtenBy: 'k', updatedAt: 1 };
      const changes = ids.map((id) => ({ ...keys.channel(namespace, id), before: undefined, after }));
      return numberChanges(service.projections, changes);
    };
    const readPage = (cursor: ChangePage['next'] | undefined) =>
      readChanges(service, { namespace, cursor, perPage: 9, excludedKey: undefined, now: Date.now });
    const rowsOf = ({ changes }: ChangePage) =>
      changes.map((row) => (row.type === 'upsert' ? [row.channel._id, row.channel.name] : [row._id]));
    const [renamed, removed] = [await create({ name: 'Retail' }), await create({ name: 'Corner' })];
    const before = await readPage((await readPage(undefined)).next);
    await freezeEventualReads(proxy, service);

    await update(renamed, { name: 'Wholesale' });
    await remove(removed);
    const created = await create({ name: 'Shop' });
    await numberWrites([renamed, removed, created], 1);

    expect(rowsOf(await readPage(before.next))).toEqual([
      [renamed, 'Wholesale'],
      [removed],
      [created, 'Shop'],
    ]);
    expect(rowsOf(await readPage(undefined))).toEqual([
      [renamed, 'Wholesale'],
      [created, 'Shop'],
    ]);
  });

  test('the projector applies every change, and a re-index finds nothing to repair', async () => {
    const { namespace, create, update, remove, apply } = newNamespace(service);
    const [renamed, removed] = [await create({ name: 'Retail' }), await create({ name: 'Corner' })];
    for (const id of [renamed, removed]) await apply(id);
    await freezeEventualReads(proxy, service);

    const created = await create({ name: 'Shop' });
    await update(renamed, { name: 'Wholesale' });
    await remove(removed);
    for (const id of [created, renamed, removed]) await apply(id);

    expect(await readProjections(service, namespace)).toEqual({
      pendingChanges: [],
      suffixEntries: expectedEntries(namespace, { [created]: 'Shop', [renamed]: 'Wholesale' }),
      buckets: [[allIds.first, 2]],
    });
    expect(await reindexing.buckets(service, namespace)).toBe(0);
    expect(await reindexing.channels(service, namespace)).toBe(0);
  });
});
