import { describe, expect, test } from '@jest/globals';
import { raiseVersions } from '../../commands/restore/raise-versions.ts';
import { uniteCopies } from '../../commands/restore/unite-copies.ts';
import { keys } from '../../lib/channels/keys.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { useService } from '../support/use-service.ts';

const service = useService({ namespaces: ['acme', 'globex', 'initech'], consumers: [] });

const call = (method: string, id: string, body?: object) =>
  service.call(`${method} /client-channel/${id}`, { ...(body && { body }) });
const create = async (company_namespace: string[]): Promise<string> =>
  (await service.call('POST /client-channel', { body: { name: 'Shared', company_namespace } })).body.data._id;

/** What one namespace stores of a channel. */
const stateOf = async (namespace: string, id: string): Promise<Item[]> =>
  service.channels.batchGet([keys.channel(namespace, id), keys.tombstone(namespace, id)]);

/** Puts one namespace back to an earlier state, as a backup does that contains only a part of a transaction. */
const putBack = async (namespace: string, id: string, items: Item[]) => {
  await service.channels.delete({ Key: keys.channel(namespace, id) });
  await service.channels.delete({ Key: keys.tombstone(namespace, id) });
  for (const Item of items) await service.channels.put({ Item });
};

const documentIn = async (namespace: string, id: string) => {
  const { status, body } = await service.call(`GET /client-channel/${id}`, {
    headers: { 'x-company-namespace': namespace },
  });
  return status === 200 ? body.data : status;
};

const shared = ['acme', 'globex'];
const all = [...shared, 'initech'];
const moved = ['globex'];

/** Each kind of change, with the namespaces of the channel before it, and all namespaces in which it changes something. */
const changes: [string, string[], string[], (id: string) => Promise<unknown>][] = [
  ['rename', shared, shared, (id) => call('PUT', id, { name: 'Renamed' })],
  ['change that joins a namespace', shared, all, (id) => call('PUT', id, { company_namespace: all })],
  ['change that leaves a namespace', all, all, (id) => call('PUT', id, { company_namespace: shared })],
  // Only the old copy can be missing a change. If the new one is missing, nothing of the channel is left but its tombstone.
  ['move to another namespace', ['acme'], ['acme'], (id) => call('PUT', id, { company_namespace: moved })],
  ['deletion', shared, shared, (id) => call('DELETE', id)],
];
const cases = changes.flatMap(([name, before, changed, change]) =>
  changed.map((namespace) => [name, namespace, before, change] as const),
);

describe('a backup that contains a change in all namespaces but one', () => {
  test.each(cases)('is mended: a %s that is missing in %s', async (_, namespace, before, change) => {
    const id = await create(before);
    const missing = await stateOf(namespace, id);
    await change(id);
    await putBack(namespace, id, missing);

    await uniteCopies(service.channels);
    await raiseVersions(service.channels);

    const documents = await Promise.all(all.map((each) => documentIn(each, id)));
    const [document] = documents.filter((found) => found !== 404);
    const members = document?.company_namespace ?? [];
    expect(documents).toEqual(all.map((each) => (members.includes(each) ? document : 404)));
    for (const each of all)
      expect((await stateOf(each, id)).map(({ sk }) => sk)).toEqual(
        members.includes(each) ? [id] : expect.not.arrayContaining([id]),
      );
    // The service can change such a channel.
    if (document)
      expect(
        await service.call(`DELETE /client-channel/${id}`, {
          headers: { 'x-company-namespace': members[0] },
        }),
      ).toMatchObject({ status: 200 });
    expect(await uniteCopies(service.channels)).toBe(0);
  });
});

test('copies that agree are left as they are', async () => {
  const id = await create(all);
  const before = await Promise.all(all.map((namespace) => stateOf(namespace, id)));
  expect(await uniteCopies(service.channels)).toBe(0);
  expect(await Promise.all(all.map((namespace) => stateOf(namespace, id)))).toEqual(before);
});
