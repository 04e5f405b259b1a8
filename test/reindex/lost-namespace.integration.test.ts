import { describe, expect, test } from '@jest/globals';
import { externalKeyItemKey, externalKeyOf } from '../../lib/channels/external-keys.ts';
import { allIds } from '../../lib/channels/id-range.ts';
import { keys } from '../../lib/channels/keys.ts';
import { pendingChangeUpdate } from '../../lib/channels/pending-change.ts';
import type { Query } from '../../lib/dynamodb/table.ts';
import { mapConcurrently } from '../../lib/map-concurrently.ts';
import { readBucket, replaceBucket } from '../../lib/projections/rank-index/bucket-store.ts';
import { bucketSize } from '../../lib/projections/rank-index/count-bucket.ts';
import { findNamespaces } from '../../lib/reindex/find-namespaces.ts';
import {
  expectedEntries,
  interceptQueries,
  newNamespace,
  readProjections,
  readTotals,
  reindex,
} from '../support/projections.ts';
import { idAt, seededAt } from '../support/seed.ts';
import { useService } from '../support/use-service.ts';

// The service runs as it is deployed: its projector applies pending changes while the namespace is reindexed.
const service = useService({ consumers: ['project-channels'] });

const nothing = { pendingChanges: [], suffixEntries: [], buckets: [] };

const totalsOf = (namespace: string) => readTotals(service.channels, namespace);

/** A namespace whose channels were deleted behind the service's back: their counters and projections are still there. */
const lostNamespace = async (channelCount: number) => {
  const created = newNamespace(service);
  const names = Array.from({ length: channelCount }, (_, index) => `Lost ${index}`);
  const ids = await mapConcurrently(names, 8, (name) => created.create({ name }));
  await created.applyAll();
  await mapConcurrently(ids, 8, (id) =>
    service.channels.delete({ Key: keys.channel(created.namespace, id) }),
  );
  return created;
};

/** A pending change of a channel that does not exist, as a backup can contain it without the rest of its transaction. */
const putStrayPendingChange = (namespace: string) =>
  service.channels.update(
    pendingChangeUpdate(namespace, {
      id: idAt(seededAt, 1),
      token: '0',
      targetText: 'stray',
      isCounted: false,
      texts: [],
      now: seededAt,
    }),
  );

describe('reindexing a namespace that has lost all its channels', () => {
  test('removes its suffix entries, pending changes and buckets, and sets its totals to zero', async () => {
    const { namespace } = await lostNamespace(bucketSize + 2);
    await putStrayPendingChange(namespace);
    await reindex(service, namespace);
    expect(await readProjections(service, namespace)).toEqual(nothing);
    expect(await totalsOf(namespace)).toEqual({ enabled: 0, disabled: 0 });
  });

  test.each([
    ['at once', true],
    ['later', false],
  ])('keeps a channel that is created at whatever moment meanwhile and applied %s, and those of other namespaces', async (_, isAppliedAtOnce) => {
    const busy = newNamespace(service);
    const busyNames: Record<string, string> = {};
    let moment = 0;
    let isCreated = true;
    for (; isCreated; moment++) {
      const lost = await lostNamespace(1);
      let queries = 0;
      let id = '';
      const write = async () => {
        if (queries++ !== moment) return;
        id = await lost.create({ name: 'Created meanwhile' });
        if (isAppliedAtOnce) await lost.apply(id);
        busyNames[await busy.create({ name: `Busy ${moment}` })] = `busy ${moment}`;
      };
      // The external keys are in 16 partitions. A write between two of them shows nothing new.
      const isBetweenPartitions = ({ ExpressionAttributeValues }: Query) =>
        /^EXTERNAL#.*#([1-9]|1[0-4])$/.test(`${ExpressionAttributeValues?.[':pk']}`);
      const intercepted = (table: typeof service.channels) =>
        interceptQueries(table, async (page, query) => {
          if (!isBetweenPartitions(query)) await write();
          return page;
        });
      await reindex(
        { channels: intercepted(service.channels), projections: intercepted(service.projections) },
        lost.namespace,
      );
      isCreated = id !== '';
      await lost.applyAll();
      expect({ moment, ...(await readProjections(service, lost.namespace)) }).toEqual({
        moment,
        pendingChanges: [],
        suffixEntries: expectedEntries(lost.namespace, isCreated ? { [id]: 'created meanwhile' } : {}),
        buckets: isCreated ? [[allIds.first, 1]] : [],
      });
      expect(await totalsOf(lost.namespace)).toEqual({ enabled: isCreated ? 1 : 0, disabled: 0 });
    }
    expect(moment).toBeGreaterThan(20);
    await busy.applyAll();
    expect((await readProjections(service, busy.namespace)).suffixEntries).toEqual(
      expectedEntries(busy.namespace, busyNames),
    );
  });

  test('lets no writer overwrite a bucket that was removed and stored again since the writer read it', async () => {
    const { namespace, create, remove, applyAll } = newNamespace(service);
    const first = await create({ name: 'First' });
    await applyAll();
    const stale = await readBucket(service, namespace, allIds.first);
    await remove(first);
    await applyAll();
    await reindex(service, namespace);
    expect(await readProjections(service, namespace)).toEqual(nothing);
    await create({ name: 'Second' });
    await applyAll();
    expect(await replaceBucket(service, namespace, stale, [{ ...stale, count: 7 }])).toBe(false);
    expect((await readProjections(service, namespace)).buckets).toEqual([[allIds.first, 1]]);
  });
});

describe('finding namespaces', () => {
  test('finds those of which only a suffix entry, a bucket, a change log, a counter, a pending change or an external key is left, and no others', async () => {
    const before = await findNamespaces(service);
    for (const pk of ['SUFFIX#entry#3', 'BUCKET#bucket', 'LOG#head', 'LOG#log#Zm9v-_Fy'])
      await service.projections.put({ Item: { pk, sk: 'x' } });
    await service.channels.put({ Item: { ...keys.counter('counter', 0), enabled: 1 } });
    await putStrayPendingChange('pending');
    const key = externalKeyItemKey('key', externalKeyOf('id', 'x') as string);
    await service.channels.put({ Item: { ...key, n: 1, token: 't' } });
    // Items of the service itself belong to no namespace.
    await service.channels.put({ Item: { pk: 'HEARTBEAT', sk: 'x' } });
    const found = (await findNamespaces(service)).filter((namespace) => !before.includes(namespace));
    expect(found).toEqual(['bucket', 'counter', 'entry', 'head', 'key', 'log', 'pending']);
  });
});
