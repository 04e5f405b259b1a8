import { describe, expect, test } from '@jest/globals';
import { keys } from '../../lib/channels/keys.ts';
import { resetIndexKeys } from '../../lib/reindex/reset-index-keys.ts';
import { interceptQueries } from '../support/projections.ts';
import { channelOf, seedChannels } from '../support/seed.ts';
import { useService } from '../support/use-service.ts';

const service = useService();

/** Seeds four channels. The first is right, the second has no index keys, and the others have wrong ones. */
const seedNamespace = async (namespace: string) => {
  const documents = await seedChannels(
    service,
    ['a', 'b', 'c', 'd'].map((name, index) =>
      channelOf(index, {
        name,
        company_namespace: [namespace],
        ...(name < 'd' && { integration_meta: `{"external_id":"${name}","id":1}` }),
      }),
    ),
  );
  const { channels: table } = service;
  const [, second, third, fourth] = documents.map(({ _id }) => keys.channel(namespace, _id));
  const values = (value: string) => ({ ExpressionAttributeValues: { ':x': value } });
  if (!second || !third || !fourth) throw new Error('There must be four channels');
  await table.update({
    Key: second,
    UpdateExpression: 'REMOVE nameKey, statusKey, externalIdKey, metaIdKey',
  });
  await table.update({ Key: third, UpdateExpression: 'SET nameKey = :x', ...values('x') });
  await table.update({ Key: fourth, UpdateExpression: 'SET externalIdKey = :x', ...values('x') });
  const key = await service.newKey({ namespaces: [namespace] });
  const items = () => Promise.all(documents.map(({ _id }) => table.get(keys.channel(namespace, _id))));
  const names = async (query: string) =>
    (await service.call(`GET /client-channel?${query}`, { key })).body.data.map(
      ({ name }: { name: string }) => name,
    );
  return { documents, key, items, names };
};

describe('resetIndexKeys', () => {
  test('sets keys that are missing or wrong, removes superfluous ones, and changes nothing else', async () => {
    const { documents, key, items, names } = await seedNamespace('repaired');
    expect(await names('sort=name')).toEqual(['a', 'c', 'd']);
    expect(await resetIndexKeys(service.channels, 'repaired')).toBe(3);
    expect(await names('sort=name')).toEqual(['a', 'b', 'c', 'd']);
    expect(await names('integration_meta.external_id=b')).toEqual(['b']);
    expect(await names('disabled=false')).toEqual(['a', 'b', 'c', 'd']);
    expect((await items())[3]).not.toHaveProperty('externalIdKey');
    expect((await service.call('GET /client-channel', { key })).body.data).toEqual(documents);
    expect(await resetIndexKeys(service.channels, 'repaired')).toBe(0);
  });

  test('uses the current state of a channel that changes meanwhile, and skips one that is deleted', async () => {
    const { documents, key, names } = await seedNamespace('meanwhile');
    const [, second, third] = documents.map(({ _id }) => _id);
    const table = interceptQueries(service.channels, async (page) => {
      const body = { integration_meta: { external_id: 'new' } };
      await service.call(`PUT /client-channel/${second}`, { key, body });
      await service.call(`DELETE /client-channel/${third}`, { key });
      return page;
    });

    expect(await resetIndexKeys(table, 'meanwhile')).toBe(3);
    expect(await names('sort=name')).toEqual(['a', 'b', 'd']);
    expect(await names('integration_meta.external_id=new')).toEqual(['b']);
    expect(await names('integration_meta.external_id=b')).toEqual([]);
  });
});
