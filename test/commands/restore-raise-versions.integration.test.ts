import { describe, expect, it } from '@jest/globals';
import { raiseVersions } from '../../commands/restore/raise-versions.ts';
import { keys } from '../../lib/channels/keys.ts';
import { Throttled } from '../../lib/dynamodb/failures.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { lastEventOf } from '../../lib/events/to-event.ts';
import { useService } from '../support/use-service.ts';

// The tables stand for those that were restored: no stream consumer sees the new versions.
const service = useService({ namespaces: ['acme', 'globex'], consumers: [] });

const readItems = async (): Promise<Item[]> => {
  const items: Item[] = [];
  for await (const item of service.channels.scan()) items.push(item);
  return items;
};

const create = async (body: object) =>
  (await service.call('POST /client-channel', { body })).body.data as { _id: string; __v: number };

const withVersion = (items: Item[], version: unknown) =>
  items.map((item) => (item.__v === undefined ? item : { ...item, __v: version }));

describe('raising the versions of a restored table', () => {
  it('sets those of all channels, copies and deletions to the present time, and changes nothing else', async () => {
    await create({ name: 'Shared', company_namespace: ['acme', 'globex'] });
    const changed = await create({ name: 'Changed' });
    await service.call(`PUT /client-channel/${changed._id}`, { body: { name: 'Changed again' } });
    const deleted = await create({ name: 'Deleted' });
    await service.call(`DELETE /client-channel/${deleted._id}`);
    const before = await readItems();
    const start = Date.now();

    await raiseVersions(service.channels);

    const after = await readItems();
    const [version] = [...new Set(after.flatMap(({ __v }) => __v ?? []))] as [number];
    expect(version).toBeGreaterThanOrEqual(start);
    expect(version).toBeLessThanOrEqual(Date.now());
    expect(after).toEqual(withVersion(before, version));
    expect(before.filter(({ __v }) => __v !== undefined)).toHaveLength(4);
  });

  it('makes the next change newer than every change before, with an event id of its own', async () => {
    const { _id } = await create({ name: 'Restored' });
    const { headers: lost } = await service.call(`PUT /client-channel/${_id}`, {
      body: { local_name: 'lost' },
    });
    await raiseVersions(service.channels);

    const { body, headers } = await service.call(`GET /client-channel/${_id}`);
    const version = body.data.__v;
    const put = (etag: string | undefined) =>
      service.call(`PUT /client-channel/${_id}`, {
        body: { local_name: 'next' },
        headers: { 'if-match': `${etag}` },
      });
    expect(await put(lost.etag)).toMatchObject({ status: 412 });
    expect(await put(headers.etag)).toMatchObject({ status: 200, body: { data: { __v: version + 1 } } });
    const item = (await service.channels.get(keys.channel('acme', _id))) as Item;
    expect(lastEventOf(item)?.detail).toMatchObject({
      id: `acme:${_id}:${version + 1}`,
      version: version + 1,
    });
  });

  it('makes a deletion newer than every change before', async () => {
    const { _id } = await create({ name: 'Deleted before' });
    await service.call(`DELETE /client-channel/${_id}`);
    await raiseVersions(service.channels);
    const tombstone = (await service.channels.get(keys.tombstone('acme', _id))) as Item;
    expect(lastEventOf(tombstone)).toMatchObject({
      'detail-type': 'ChannelDeleted',
      detail: { id: `acme:${_id}:${tombstone.__v}`, version: tombstone.__v, previous: { _id, __v: 0 } },
    });
    expect(tombstone.__v).toBeGreaterThan(1);
  });

  it('does no harm when it is done again after it was interrupted', async () => {
    const copies = (items: Item[], id: string) => items.filter(({ sk }) => sk === id).map(({ __v }) => __v);
    const { _id } = await create({ name: 'Half', company_namespace: ['acme', 'globex'] });
    let first: Promise<Item> | undefined;
    const interrupted = new Table(service.channels.session, service.channels.name);
    interrupted.update = async (update) => {
      if (update.Key?.sk !== _id) return service.channels.update(update);
      if (first) {
        await first;
        throw new Error('interrupted');
      }
      first = service.channels.update(update);
      return first;
    };
    await expect(raiseVersions(interrupted)).rejects.toThrow('interrupted');
    expect(new Set(copies(await readItems(), _id)).size).toBe(2);

    await raiseVersions(service.channels);
    expect(new Set(copies(await readItems(), _id)).size).toBe(1);
    expect(await service.call(`PUT /client-channel/${_id}`, { body: { name: 'Whole' } })).toMatchObject({
      status: 200,
    });
  });

  it('does not bring back a deletion that expires meanwhile', async () => {
    const { _id } = await create({ name: 'Expiring' });
    await service.call(`DELETE /client-channel/${_id}`);
    const key = keys.tombstone('acme', _id);
    const expiring = new Table(service.channels.session, service.channels.name);
    expiring.update = async (update) => {
      if (update.Key?.sk === key.sk) await service.channels.delete({ Key: key });
      return service.channels.update(update);
    };
    await raiseVersions(expiring);
    expect(await service.channels.get(key)).toBeUndefined();
  });

  it('goes on when DynamoDB throttles a write', async () => {
    const { _id } = await create({ name: 'Throttled' });
    const throttled = new Table(service.channels.session, service.channels.name);
    const ids = new Set<unknown>();
    throttled.update = async (update) => {
      if (ids.size < ids.add(update.Key?.sk).size) throw new Throttled();
      return service.channels.update(update);
    };
    await raiseVersions(throttled);
    expect((await service.channels.get(keys.channel('acme', _id)))?.__v).toBeGreaterThan(0);
  });

  it('is refused if the clock of the machine is behind an earlier restore', async () => {
    const { _id } = await create({ name: 'Of the future' });
    const key = keys.channel('acme', _id);
    const future = Date.now() + 3_600_000;
    await service.channels.update({
      Key: key,
      UpdateExpression: 'SET #v = :future',
      ExpressionAttributeNames: { '#v': '__v' },
      ExpressionAttributeValues: { ':future': future },
    });
    await expect(raiseVersions(service.channels)).rejects.toThrow(
      `The clock of this machine is behind: ${key.pk} ${key.sk} has the version ${future}.`,
    );
    await service.channels.delete({ Key: key });
  });
});
