import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { keys } from '../../lib/channels/keys.ts';
import { connect } from '../../lib/dynamodb/client.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { type Query, Table } from '../../lib/dynamodb/table.ts';
import { resetIndexKeys } from '../../lib/reindex/reset-index-keys.ts';
import { channelOf, seedChannels } from '../support/seed.ts';
import { type Service, startService } from '../support/service.ts';

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

/** Four channels, of which the first is right, the second has no keys, and the others have wrong ones. */
const given = async (namespace: string) => {
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
  if (!second || !third || !fourth) throw new Error('There are four');
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

describe('resetting the keys of indexes', () => {
  test('sets those that are missing or wrong, removes those that ought not to be, and changes nothing else', async () => {
    const { documents, key, items, names } = await given('mend');
    expect(await names('sort=name')).toEqual(['a', 'c', 'd']);
    expect(await resetIndexKeys(service.channels, 'mend')).toBe(3);
    expect(await names('sort=name')).toEqual(['a', 'b', 'c', 'd']);
    expect(await names('integration_meta.external_id=b')).toEqual(['b']);
    expect(await names('disabled=false')).toEqual(['a', 'b', 'c', 'd']);
    expect((await items())[3]).not.toHaveProperty('externalIdKey');
    expect((await service.call('GET /client-channel', { key })).body.data).toEqual(documents);
    expect(await resetIndexKeys(service.channels, 'mend')).toBe(0);
  });

  test('takes a channel as it is by then, or lets it go', async () => {
    const { documents, key, names } = await given('meanwhile');
    const [, second, third] = documents.map(({ _id }) => _id);
    class Overtaken extends Table {
      override async query(query: Query) {
        const page = await super.query(query);
        const body = { local_name: 'meanwhile', integration_meta: { external_id: 'new' } };
        await service.call(`PUT /client-channel/${second}`, { key, body });
        await service.call(`DELETE /client-channel/${third}`, { key });
        return page;
      }
    }
    const table = new Overtaken({ client: connect(), meter: new Meter(), signal: AbortSignal.timeout(60_000) }, service.channels.name);
    expect(await resetIndexKeys(table, 'meanwhile')).toBe(3);
    expect(await names('sort=name')).toEqual(['a', 'b', 'd']);
    expect(await names('integration_meta.external_id=new')).toEqual(['b']);
    expect(await names('integration_meta.external_id=b')).toEqual([]);
  });
});
