import { describe, expect, test } from '@jest/globals';
import {
  allExternalKeys,
  externalKeyItemKey,
  externalKeyOf,
  toCarriers,
} from '../../lib/channels/external-keys.ts';
import { keys } from '../../lib/channels/keys.ts';
import { WriteContention } from '../../lib/dynamodb/failures.ts';
import { pages } from '../../lib/dynamodb/pages.ts';
import type { QueryPage } from '../../lib/dynamodb/table.ts';
import { mapConcurrently } from '../../lib/map-concurrently.ts';
import { rebuildExternalKeys } from '../../lib/reindex/rebuild-external-keys.ts';
import { interceptQueries, newNamespace } from '../support/projections.ts';
import { useService } from '../support/use-service.ts';
import { findWrongExternalKeys } from '../support/whole-partitions.ts';

const service = useService();

const metaOf = (external_id: string, id?: string) =>
  JSON.stringify({ external_id, ...(id !== undefined && { id }) });
const itemKey = (namespace: string, externalId: string) =>
  externalKeyItemKey(namespace, externalKeyOf('external_id', externalId) as string);

const newSubject = () => {
  const subject = newNamespace(service);
  const { namespace, create } = subject;
  return {
    ...subject,
    rebuild: (table = service.channels) => rebuildExternalKeys(table, namespace),
    createWith: (externalId: string, id?: string) =>
      create({ name: 'x', integration_meta: metaOf(externalId, id) }),
    /** Stores another item for an external id, or none. */
    corrupt: async (externalId: string, stored?: { n: number; ids?: string[] }) => {
      const key = itemKey(namespace, externalId);
      if (!stored) return service.channels.delete({ Key: key });
      const ids = stored.ids?.length && { ids: new Set(stored.ids) };
      return service.channels.put({ Item: { ...key, n: stored.n, ...ids, token: 'corrupt' } });
    },
    carriersOf: async (externalId: string) => {
      const item = await service.channels.get(itemKey(namespace, externalId));
      return item && { count: toCarriers(item).count, ids: [...toCarriers(item).ids].sort() };
    },
    items: async () => {
      const items: object[] = [];
      for (const query of allExternalKeys(namespace))
        for await (const page of pages(service.channels, query)) items.push(...page.items);
      return items;
    },
  };
};

/** A table that calls back before the nth query of channels, or of external keys, returns. */
const interrupting = (kind: 'NS#' | 'EXTERNAL#', nth: number, interrupt: () => Promise<unknown>) => {
  let seen = 0;
  return interceptQueries(service.channels, async (page: QueryPage, { ExpressionAttributeValues }) => {
    if (`${ExpressionAttributeValues?.[':pk']}`.startsWith(kind) && ++seen === nth) await interrupt();
    return page;
  });
};

describe('rebuilding the external keys of a namespace', () => {
  test('makes those that are missing, repairs wrong ones, removes those that no channel carries, and keeps the others', async () => {
    const { namespace, createWith, corrupt, carriersOf, rebuild, items, remove } = newSubject();
    const [missing, wrong, counted, right] = [
      await createWith('missing'),
      await createWith('wrong'),
      await createWith('counted'),
      await createWith('right', 'right'),
    ];
    const gone = await createWith('gone');
    await remove(gone);
    await corrupt('missing');
    await corrupt('wrong', { n: 1, ids: [gone] });
    await corrupt('counted', { n: 3, ids: [counted] });
    await corrupt('nobody', { n: 2, ids: [gone] });
    const before = await service.channels.get(itemKey(namespace, 'right'));

    expect(await rebuild()).toBe(5);

    expect(await carriersOf('missing')).toEqual({ count: 1, ids: [missing] });
    expect(await carriersOf('wrong')).toEqual({ count: 1, ids: [wrong] });
    expect(await carriersOf('counted')).toEqual({ count: 1, ids: [counted] });
    expect(await service.channels.get(itemKey(namespace, 'right'))).toEqual(before);
    // The key "id" of the last channel has an item, too.
    expect(await items()).toHaveLength(5);
    expect([await rebuild(), right]).toEqual([0, right]);
  });

  test('stores 20 ids of a key that more channels carry, and the others again when there is room', async () => {
    const { createWith, corrupt, carriersOf, rebuild, remove } = newSubject();
    const created = await mapConcurrently(Array(22).fill('same'), 1, createWith);
    await corrupt('same');
    expect(await rebuild()).toBe(1);
    expect(await carriersOf('same')).toEqual({ count: 22, ids: created.slice(0, 20) });
    for (const id of created.splice(0, 5)) await remove(id);
    expect(await carriersOf('same')).toEqual({ count: 17, ids: created.slice(0, 15) });
    expect(await rebuild()).toBe(1);
    expect(await carriersOf('same')).toEqual({ count: 17, ids: created });
  });

  test('leaves nothing of a namespace that has lost all its channels', async () => {
    const { namespace, createWith, rebuild, items } = newSubject();
    const id = await createWith('x', 'y');
    await service.channels.delete({ Key: keys.channel(namespace, id) });
    expect(await rebuild()).toBe(2);
    expect(await items()).toEqual([]);
  });

  test.each<[string, 'NS#' | 'EXTERNAL#', number]>([
    ['after the items were read', 'EXTERNAL#', 16],
    ['after the channels were read', 'NS#', 1],
    ['after the channels were read again', 'NS#', 2],
    ['before the repair', 'EXTERNAL#', 32],
  ])('repairs a key that another client changes meanwhile: %s', async (_, kind, nth) => {
    for (const isMissing of [true, false]) {
      const { createWith, corrupt, carriersOf, rebuild, remove } = newSubject();
      const [first, second] = [await createWith('x'), await createWith('x')];
      await corrupt('x', isMissing ? undefined : { n: 7, ids: [second] });
      let third = '';
      const table = interrupting(kind, nth, async () => {
        await remove(first);
        third = await createWith('x');
      });

      expect(await rebuild(table)).toBe(1);

      expect(third).not.toBe('');
      expect(await carriersOf('x')).toEqual({ count: 2, ids: [second, third].sort() });
    }
  });

  test('does not overlook a wrong item that looks right because another client changes it meanwhile', async () => {
    const { create, update, corrupt, carriersOf, rebuild } = newSubject();
    const id = await create({ name: 'x' });
    await corrupt('x', { n: 1, ids: [id] });
    const table = interrupting('EXTERNAL#', 16, () => update(id, { integration_meta: metaOf('x') }));
    expect(await rebuild(table)).toBe(1);
    expect(await carriersOf('x')).toEqual({ count: 1, ids: [id] });
  });

  test('does not believe a first reading of the channels that shows a transaction only in part', async () => {
    const { createWith, carriersOf, rebuild } = newSubject();
    const ids = [await createWith('x'), await createWith('x')];
    let readings = 0;
    const table = interceptQueries(service.channels, async (page, { ExpressionAttributeValues }) => {
      const isOfChannels = `${ExpressionAttributeValues?.[':pk']}`.startsWith('NS#');
      return isOfChannels && ++readings === 1 ? { ...page, items: page.items.slice(0, 1) } : page;
    });
    expect(await rebuild(table)).toBe(0);
    expect(await carriersOf('x')).toEqual({ count: 2, ids });
  });

  test('gives up after 10 attempts if others change a key during each of them, and has repaired the other keys', async () => {
    const { createWith, corrupt, carriersOf, rebuild } = newSubject();
    const other = await createWith('other');
    await corrupt('other');
    const busy = [await createWith('busy')];
    const table = interceptQueries(service.channels, async (page, { ExpressionAttributeValues }) => {
      if (`${ExpressionAttributeValues?.[':pk']}`.startsWith('NS#')) busy.push(await createWith('busy'));
      return page;
    });
    await expect(rebuild(table)).rejects.toBeInstanceOf(WriteContention);
    expect(await carriersOf('other')).toEqual({ count: 1, ids: [other] });
    expect(await carriersOf('busy')).toEqual({ count: busy.length, ids: busy });
  });

  test('keeps all keys right while the service runs', async () => {
    const { namespace, createWith, corrupt, rebuild, remove, update } = newSubject();
    const ids = await mapConcurrently(Array.from({ length: 40 }), 8, () => createWith('shared', 'other'));
    for (const external of ['shared', 'a', 'b']) await corrupt(external, { n: 3, ids: [] });
    let isOver = false;
    const writing = (async () => {
      for (const [index, id] of ids.entries()) {
        const writes = [
          () => remove(id),
          () => update(id, { integration_meta: metaOf('a', `${index}`) }),
          () => update(id, { company_namespace: [`${namespace}-other`] }),
          () => createWith('b'),
        ];
        await writes[index % 4]?.();
      }
      isOver = true;
    })();
    while (!isOver) await rebuild().catch((error) => expect(error).toBeInstanceOf(WriteContention));
    await writing;
    await rebuild();
    expect(await rebuild()).toBe(0);
    for (const each of [namespace, `${namespace}-other`]) {
      const { items } = await service.channels.query({
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
        ExpressionAttributeValues: { ':pk': `NS#${each}`, ':first': '0', ':last': 'g' },
      });
      const channels = items.map(({ sk, integration_meta }) => ({
        _id: sk as string,
        integration_meta: integration_meta as string,
      }));
      expect(await findWrongExternalKeys(service.channels, each, channels)).toEqual([]);
    }
  });
});
