import { DeleteCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, test } from '@jest/globals';
import { applyPending } from '../../lib/projections/apply/apply-pending.ts';
import type { ChannelTables } from '../../lib/projections/open-tables.ts';
import { findPageByPage, interceptCalls, newNamespace } from '../support/projections.ts';
import { useService } from '../support/use-service.ts';

// Readers that run between two writes of the projector. A Query of DynamoDB can also see a transaction in part, item by
// item. DynamoDB Local does not show this, so these tests write the items of a transaction one by one.

const service = useService();

interface TransactItem {
  Put?: object;
  Update?: object;
  Delete?: object;
}

/** The same tables. The items of a transaction become visible one by one, and `look` runs between all writes. */
const showEachWrite = (
  arrange: (items: TransactItem[]) => TransactItem[],
  look: () => Promise<unknown>,
): ChannelTables => {
  const { client } = service.channels.session;
  const write = async ({ Put, Update, Delete }: TransactItem) => {
    if (Put) await client.send(new PutCommand(Put as never));
    if (Update) await client.send(new UpdateCommand(Update as never));
    if (Delete) await client.send(new DeleteCommand(Delete as never));
  };
  return interceptCalls(service, async ({ operation, input }, send) => {
    if (operation !== 'TransactWrite') {
      const output = await send();
      await look();
      return output;
    }
    for (const item of arrange(input.TransactItems)) {
      await write(item);
      await look();
    }
    return {};
  });
};

describe.each([
  ['in their order', (items: TransactItem[]) => items],
  ['in the opposite order', (items: TransactItem[]) => items.toReversed()],
])('while a pending change is applied, and the items of transactions become visible %s,', (_, arrange) => {
  const newChannelWith = async (name: string) => {
    const fixture = newNamespace(service);
    const other = await fixture.create({ name: 'Other retail' });
    const id = await fixture.create({ name });
    return { ...fixture, other, id };
  };

  /** Applies the pending change of a channel, and searches and counts after each write. */
  const seenWhileApplied = async (
    { namespace, find, total }: Pick<ReturnType<typeof newNamespace>, 'namespace' | 'find' | 'total'>,
    id: string,
  ) => {
    const seen: unknown[] = [];
    const look = async () =>
      seen.push({ retail: await find('retail'), wholesale: await find('wholesale'), total: await total() });
    await applyPending(showEachWrite(arrange, look), namespace, [id]);
    expect(seen.length).toBeGreaterThan(5);
    return seen;
  };

  test('every search and every count contains a channel that was created', async () => {
    const { other, id, ...fixture } = await newChannelWith('Retail');
    await fixture.apply(other);

    const seen = await seenWhileApplied(fixture, id);

    expect(seen).toEqual(seen.map(() => ({ retail: [other, id].sort(), wholesale: [], total: 2 })));
  });

  test('every search finds a channel that was renamed by its new name only', async () => {
    const { other, id, ...fixture } = await newChannelWith('Retail');
    await fixture.applyAll();
    await fixture.update(id, { name: 'Wholesale' });

    const seen = await seenWhileApplied(fixture, id);

    expect(seen).toEqual(seen.map(() => ({ retail: [other], wholesale: [id], total: 2 })));
  });

  test('no search and no count contains a channel that was deleted', async () => {
    const { other, id, ...fixture } = await newChannelWith('Retail');
    await fixture.applyAll();
    await fixture.remove(id);

    const seen = await seenWhileApplied(fixture, id);

    expect(seen).toEqual(seen.map(() => ({ retail: [other], wholesale: [], total: 1 })));
  });
});

test('a search that reads several pages finds a channel whose entries were moved by a projector that was killed then', async () => {
  const { namespace, create, update, applyAll } = newNamespace(service);
  const ids = [await create({ name: 'sm' }), await create({ name: 'sz' })] as [string, string];
  await applyAll();
  const killable = interceptCalls(service, async ({ operation }, send) => {
    const output = await send();
    if (operation === 'TransactWrite') throw new Error('Killed');
    return output;
  });

  const found = await findPageByPage(service, namespace, 's', async (page) => {
    if (page > 1) return;
    // Its entry moves from a later page to one that was read before.
    await update(ids[1], { name: 'sa' });
    await expect(applyPending(killable, namespace, [ids[1]])).rejects.toThrow('Killed');
  });

  expect(found).toEqual([...ids].sort());
});
