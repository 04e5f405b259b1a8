import { afterEach, describe, expect, test } from '@jest/globals';
import { allIds } from '../../lib/channels/id-range.ts';
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
