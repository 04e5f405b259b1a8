import { describe, expect, test } from '@jest/globals';
import { allIds } from '../../lib/channels/id-range.ts';
import { applyPending } from '../../lib/projections/apply/apply-pending.ts';
import { suffixEntries } from '../../lib/projections/search-index/suffix-entries.ts';
import {
  bySortKey,
  expectedEntries,
  interruptBefore,
  newNamespace,
  readProjections,
} from '../support/projections.ts';
import { useService } from '../support/use-service.ts';

// Several projectors on DynamoDB Local that apply the same pending changes. One of them may be late, or be killed.

const service = useService();

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
    expect(await readProjections(service, namespace)).toEqual({
      pendingChanges: [],
      suffixEntries: [],
      buckets: [[allIds.first, 0]],
    });
  });
});

describe('a projector that is late', () => {
  /** Applies the pending change of a channel. Before a call of the projector, others write and apply their changes. */
  const applyLate = (
    namespace: string,
    id: string,
    operation: string,
    keyPrefix: string,
    meanwhile: () => Promise<unknown>,
  ) => applyPending(interruptBefore(service, operation, keyPrefix, meanwhile), namespace, [id]);

  test('does not write the suffix entries of a name that the channel no longer has', async () => {
    const { namespace, create, update, apply } = newNamespace(service);
    const id = await create({ name: 'Retail' });

    await applyLate(namespace, id, 'TransactWrite', 'SUFFIX#', async () => {
      await update(id, { name: 'Wholesale' });
      await apply(id);
    });

    expect(await readProjections(service, namespace)).toEqual({
      pendingChanges: [],
      suffixEntries: expectedEntries(namespace, { [id]: 'Wholesale' }),
      buckets: [[allIds.first, 1]],
    });
  });

  test('does not count a channel that was deleted meanwhile', async () => {
    const { namespace, create, remove, apply, total } = newNamespace(service);
    const id = await create({ name: 'Retail' });

    await applyLate(namespace, id, 'Query', 'BUCKET#', async () => {
      await apply(id);
      await remove(id);
      await apply(id);
    });

    expect(await total()).toBe(0);
    expect(await readProjections(service, namespace)).toEqual({
      pendingChanges: [],
      suffixEntries: [],
      buckets: [[allIds.first, 0]],
    });
  });

  test.each([
    ['the first count', 0],
    ['the next count', 1],
  ])('does not overwrite what another one has counted: %s of a namespace', async (_, counted) => {
    const { namespace, create, applyAll, apply, total } = newNamespace(service);
    for (let made = 0; made < counted; made++) await create({ name: 'Counted' });
    await applyAll();
    const [late, other] = [await create({ name: 'Late' }), await create({ name: 'Other' })];

    await applyLate(namespace, late, 'TransactWrite', 'BUCKET#', () => apply(other));

    expect(await total()).toBe(counted + 2);
    expect((await readProjections(service, namespace)).buckets).toEqual([[allIds.first, counted + 2]]);
  });

  test('does not remove the pending change that has replaced the one it applied', async () => {
    const { namespace, create, update, find } = newNamespace(service);
    const id = await create({ name: 'Retail' });

    await applyLate(namespace, id, 'Delete', 'NS#', () => update(id, { name: 'Wholesale' }));

    expect([await find('retail'), await find('wholesale')]).toEqual([[], [id]]);
    expect((await readProjections(service, namespace)).suffixEntries).toEqual(
      expectedEntries(namespace, { [id]: 'Wholesale' }),
    );
  });
});
