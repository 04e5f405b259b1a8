import { DeleteCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, test } from '@jest/globals';
import { applyPending } from '../../lib/projections/apply/apply-pending.ts';
import type { ChannelTables } from '../../lib/projections/open-tables.ts';
import { findByTerms } from '../../lib/projections/search-index/find-by-terms.ts';
import {
  findPageByPage,
  idsOf,
  interceptCalls,
  interceptQueries,
  newNamespace,
} from '../support/projections.ts';
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

  test('every search finds a channel by its new local name only, and by its name', async () => {
    const { other, ...fixture } = await newChannelWith('Other');
    const id = await fixture.create({ name: 'Shop', local_name: 'Retail' });
    await fixture.applyAll();
    await fixture.update(id, { local_name: 'Wholesale' });
    const find = async (text: string) => fixture.find(text === 'wholesale' ? 'wholesale shop' : text);

    const seen = await seenWhileApplied({ ...fixture, find }, id);

    expect(seen).toEqual(seen.map(() => ({ retail: [other], wholesale: [id], total: 3 })));
  });

  test('no search and no count contains a channel that was deleted', async () => {
    const { other, id, ...fixture } = await newChannelWith('Retail');
    await fixture.applyAll();
    await fixture.remove(id);

    const seen = await seenWhileApplied(fixture, id);

    expect(seen).toEqual(seen.map(() => ({ retail: [other], wholesale: [], total: 1 })));
  });
});

/** Renames a channel. A projector begins to apply this, and is killed after its first transaction. */
const renameInPart = async (
  { namespace, update }: Pick<ReturnType<typeof newNamespace>, 'namespace' | 'update'>,
  id: string,
  name: string,
) => {
  const killable = interceptCalls(service, async ({ operation }, send) => {
    const output = await send();
    if (operation === 'TransactWrite') throw new Error('Killed');
    return output;
  });
  await update(id, { name });
  await expect(applyPending(killable, namespace, [id])).rejects.toThrow('Killed');
};

describe('a search that has read the pending changes before a channel is renamed', () => {
  test('finds the channel on one of several pages, even if the projector is killed after its entry has moved', async () => {
    const { create, applyAll, ...fixture } = newNamespace(service);
    const ids = [await create({ name: 'sm' }), await create({ name: 'sz' })] as [string, string];
    await applyAll();

    const found = await findPageByPage(service, fixture.namespace, 's', async (page) => {
      // Its entry moves from a later page to one that was read before.
      if (page === 1) await renameInPart(fixture, ids[1], 'sa');
    });

    expect(found).toEqual([...ids].sort());
  });

  test('finds the channel, even if the projector is killed when it has written a part of its many entries', async () => {
    const { create, applyAll, ...fixture } = newNamespace(service);
    const letters = Array.from({ length: 120 }, (_, index) => String.fromCodePoint(0x4e00 + index));
    const id = await create({ name: `retail${letters.join('')}` });
    await applyAll();
    let reads = 0;
    const channels = interceptQueries(service.channels, async (page) => {
      if (reads++ === 0) await renameInPart(fixture, id, `retail${letters.toReversed().join('')}`);
      return page;
    });

    const tables = { channels, projections: service.projections };
    const found = await findByTerms(tables, fixture.namespace, ['retail']);

    expect(idsOf(found)).toEqual([id]);
  });
});
