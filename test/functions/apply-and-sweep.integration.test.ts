import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { allIds } from '../../lib/channels/id-range.ts';
import { heartbeatKey, keys, namespaceOf } from '../../lib/channels/keys.ts';
import { pendingIndex, readPendingChanges } from '../../lib/projections/read-pending-changes.ts';
import { contextOf } from '../../local/function-context.ts';
import { createFaultProxy } from '../support/fault-proxy.ts';
import { expectedEntries, newNamespace, readProjections } from '../support/projections.ts';
import { channelOf, seedChannels } from '../support/seed.ts';
import { useService } from '../support/use-service.ts';

const proxy = createFaultProxy();
const service = useService({ proxy });
let projectChannels: (event: DynamoDBStreamEvent, context: Context) => Promise<DynamoDBBatchResponse>;
let sweepPending: (event: object, context: Context) => Promise<void>;

beforeAll(async () => {
  ({ handler: projectChannels } = (await import('../../functions/project-channels.ts')) as never);
  ({ handler: sweepPending } = (await import('../../functions/sweep-pending.ts')) as never);
});

/** The failures in the log: the channel and the reason. */
let failures: { namespace: string; channel: string; why: string }[];
beforeEach(() => {
  failures = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((line) => {
    const { namespace, channel, causes } = JSON.parse(`${line}`);
    return failures.push({ namespace, channel, why: causes[0].name }) > 0;
  });
});
afterEach(() => {
  proxy.fault = () => 'none';
  jest.restoreAllMocks();
});

/** A context of a new invocation, whose time starts now. */
const newContext = () => contextOf('tested', 'id', 240_000);

/** Stream records of the pending changes of these channels. The sequence numbers are 1, 2, … */
const recordsOf = (namespace: string, ids: string[]): DynamoDBStreamEvent => ({
  Records: ids.map((id, index) => {
    const { pk, sk } = keys.pendingChange(namespace, id);
    return {
      eventName: 'INSERT',
      dynamodb: { SequenceNumber: `${index + 1}`, Keys: { pk: { S: pk }, sk: { S: sk } } },
    };
  }),
});

const pendingIds = async (namespace: string) =>
  (await readPendingChanges(service.channels, namespace)).map(({ id }) => id);

/** Writes pending changes that cannot be applied. They are older than all others. Returns a function that removes them. */
const putBrokenPendingChanges = async (namespace: string, ids: string[]) => {
  for (const [second, id] of ids.entries()) {
    const pendingSince = new Date(second * 1000).toISOString();
    await service.channels.put({
      Item: { ...keys.pendingChange(namespace, id), token: '0', pendingSince, indexed: 'no list' },
    });
  }
  return async () => {
    for (const id of ids) await service.channels.delete({ Key: keys.pendingChange(namespace, id) });
  };
};

describe('project-channels', () => {
  test('applies each pending change of a batch once, and skips those that are applied already', async () => {
    const { namespace, create } = newNamespace(service);
    const [one, two] = [await create({ name: 'One' }), await create({ name: 'Two' })];
    const batch = recordsOf(namespace, [one, two, one]);

    const first = await projectChannels(batch, newContext());
    const second = await projectChannels(batch, newContext());

    expect([first, second]).toEqual([{ batchItemFailures: [] }, { batchItemFailures: [] }]);
    expect(await readProjections(service, namespace)).toEqual({
      pendingChanges: [],
      suffixEntries: expectedEntries(namespace, { [one]: 'one', [two]: 'two' }),
      buckets: [[allIds.first, 2]],
    });
  });

  test('reports and logs the records that fail, and applies the others', async () => {
    const { namespace, create } = newNamespace(service);
    const [one, two] = [await create({ name: 'One' }), await create({ name: 'Two' })];
    const broken = channelOf(1)._id;
    const removeBroken = await putBrokenPendingChanges(namespace, [broken]);

    const response = await projectChannels(recordsOf(namespace, [one, broken, two]), newContext());

    expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: '2' }] });
    expect(failures).toEqual([{ namespace, channel: broken, why: 'TypeError' }]);
    await removeBroken();
    expect(await readProjections(service, namespace)).toEqual({
      pendingChanges: [],
      suffixEntries: expectedEntries(namespace, { [one]: 'one', [two]: 'two' }),
      buckets: [[allIds.first, 2]],
    });
  });

  test('asks DynamoDB for nothing because of a heartbeat', async () => {
    const operations: string[] = [];
    proxy.fault = (operation) => {
      operations.push(operation);
      return 'none';
    };
    const { pk, sk } = heartbeatKey;
    const dynamodb = {
      SequenceNumber: '1',
      Keys: { pk: { S: pk }, sk: { S: sk } },
      NewImage: { sentAt: { N: `${Date.now()}` } },
    };

    const response = await projectChannels({ Records: [{ eventName: 'MODIFY', dynamodb }] }, newContext());

    expect([response, operations]).toEqual([{ batchItemFailures: [] }, []]);
  });

  test('applies pending changes one by one if they cannot be applied together', async () => {
    const { namespace, create } = newNamespace(service);
    const ids = [await create({ name: 'One' }), await create({ name: 'Two' })];
    let transactions = 0;
    proxy.fault = (operation) =>
      operation === 'TransactWriteItems' && ++transactions === 1 ? { __type: 'ValidationException' } : 'none';

    const response = await projectChannels(recordsOf(namespace, ids), newContext());

    expect(response).toEqual({ batchItemFailures: [] });
    expect(transactions).toBeGreaterThan(1);
    expect([failures, await pendingIds(namespace)]).toEqual([[], []]);
  });

  test('applies the pending changes of a namespace even if those of another one in the batch fail', async () => {
    const { namespace, other, create } = newNamespace(service);
    const ids = [
      await create({ name: 'One', company_namespace: [namespace] }),
      await create({ name: 'Two', company_namespace: [other] }),
    ];
    const Records = [namespace, other].flatMap(
      (each, index) => recordsOf(each, [ids[index] as string]).Records,
    );
    let transactions = 0;
    proxy.fault = (operation) =>
      operation === 'TransactWriteItems' && ++transactions === 1 ? 'hang' : 'none';

    // The function's time ends before the SDK would retry the call that hangs.
    const shortContext = { ...newContext(), getRemainingTimeInMillis: () => 3_500 };
    const { batchItemFailures } = await projectChannels({ Records }, shortContext);

    proxy.fault = () => 'none';
    expect(batchItemFailures).toHaveLength(1);
    const pending = await Promise.all([namespace, other].map(pendingIds));
    expect(pending.map(({ length }) => length).sort()).toEqual([0, 1]);
  });
});

describe('sweep-pending', () => {
  // Seeded channels were written in 2023, so their pending changes are old.
  const seedOne = async (namespace: string, ordinal: number) => {
    const channel = channelOf(ordinal, { company_namespace: [namespace] });
    await seedChannels(service, [channel]);
    return channel._id;
  };

  /** The namespaces with pending changes, in the order in which the sweep finds them. */
  const namespacesInIndex = async (among: string[]) => {
    const found = new Set<string>();
    for await (const { pk } of service.channels.scan(pendingIndex)) found.add(namespaceOf(pk as string));
    return [...found].filter((namespace) => among.includes(namespace));
  };

  test('applies pending changes that are older than 5 minutes, in all namespaces, and leaves younger ones', async () => {
    const { namespace, other, create } = newNamespace(service);
    await seedOne(namespace, 1);
    await seedOne(other, 2);
    const young = await create({ name: 'Young' });

    await sweepPending({}, newContext());

    expect(await pendingIds(namespace)).toEqual([young]);
    expect(await pendingIds(other)).toEqual([]);
  });

  test('applies pending changes even if the heartbeat cannot be sent, and fails at the end', async () => {
    const { namespace } = newNamespace(service);
    await seedOne(namespace, 1);
    const isHeartbeat = (body: { Key?: { pk?: { S?: string } } }) => body.Key?.pk?.S === heartbeatKey.pk;
    proxy.fault = (_operation, { body }) =>
      isHeartbeat(body) ? { __type: 'AccessDeniedException' } : 'none';

    await expect(sweepPending({}, newContext())).rejects.toThrow(/^The heartbeat was not sent: /);

    expect(await pendingIds(namespace)).toEqual([]);
  });

  test('applies all pending changes that it can, logs the others, and fails with their number', async () => {
    const { namespace } = newNamespace(service);
    const broken = channelOf(0)._id;
    const removeBroken = await putBrokenPendingChanges(namespace, [broken]);
    for (const ordinal of [1, 2, 3]) await seedOne(namespace, ordinal);

    await expect(sweepPending({}, newContext())).rejects.toThrow('1 pending changes could not be applied');

    expect(failures).toEqual([{ namespace, channel: broken, why: 'TypeError' }]);
    await removeBroken();
    expect(await pendingIds(namespace)).toEqual([]);
  });

  test('reaches the pending changes of a namespace behind any number of failing ones', async () => {
    const { namespace } = newNamespace(service);
    // They fill the first batch.
    const broken = Array.from({ length: 60 }, (_, ordinal) => channelOf(ordinal)._id);
    const removeBroken = await putBrokenPendingChanges(namespace, broken);
    for (const ordinal of [200, 201]) await seedOne(namespace, ordinal);

    await expect(sweepPending({}, newContext())).rejects.toThrow('60 pending changes could not be applied');

    expect(failures.map(({ channel }) => channel).sort()).toEqual(broken);
    expect(await pendingIds(namespace)).toEqual(broken);
    await removeBroken();
  });

  test('applies the pending changes of all other namespaces before it tries a failing namespace again', async () => {
    const { namespace, other } = newNamespace(service);
    const seeded = { [namespace]: await seedOne(namespace, 1), [other]: await seedOne(other, 2) };
    // The namespace that the index holds first is the failing one.
    const [failing, healthy] = (await namespacesInIndex([namespace, other])) as [string, string];
    // They fill the first two batches.
    const broken = Array.from({ length: 100 }, (_, ordinal) => channelOf(100 + ordinal)._id);
    const removeBroken = await putBrokenPendingChanges(failing, broken);
    // The time ends after one batch of each namespace.
    const remainingTimes = [30_000, 11_000, 11_000];
    const context = { ...newContext(), getRemainingTimeInMillis: () => remainingTimes.shift() ?? 9_000 };

    await expect(sweepPending({}, context)).rejects.toThrow('Time ran out');

    expect(await pendingIds(healthy)).toEqual([]);
    expect(await pendingIds(failing)).toEqual([seeded[failing], ...broken]);
    await removeBroken();
    await sweepPending({}, newContext());
    expect(await pendingIds(failing)).toEqual([]);
  });

  test('reaches each pending change of a failing namespace in some run, even if every run has time for only a few', async () => {
    const { namespace } = newNamespace(service);
    const broken = Array.from({ length: 60 }, (_, ordinal) => channelOf(ordinal)._id);
    const removeBroken = await putBrokenPendingChanges(namespace, broken);
    const last = await seedOne(namespace, 100);
    // Two checks of the time come before batches, and five before single pending changes.
    const runShortly = async () => {
      const remainingTimes = [30_000, ...Array(7).fill(11_000)];
      const context = { ...newContext(), getRemainingTimeInMillis: () => remainingTimes.shift() ?? 9_000 };
      failures = [];
      await expect(sweepPending({}, context)).rejects.toThrow('pending changes could not be applied');
      expect(failures.length).toBeLessThanOrEqual(5);
    };

    // One run reaches the last one with a chance of more than one in five. All 100 runs miss it with a chance of 1 in 10^11.
    for (let run = 0; run < 100 && (await pendingIds(namespace)).includes(last); run++) await runShortly();

    expect(await pendingIds(namespace)).toEqual(broken);
    await removeBroken();
  });

  test('stops before its time is up, fails for the alarm, and leaves the rest to the next run', async () => {
    const { namespace } = newNamespace(service);
    await seedOne(namespace, 1);
    const shortContext = { ...newContext(), getRemainingTimeInMillis: () => 9_000 };

    await expect(sweepPending({}, shortContext)).rejects.toThrow(
      'Time ran out before all pending changes were applied',
    );

    expect(await pendingIds(namespace)).toHaveLength(1);
    await sweepPending({}, newContext());
    expect(await pendingIds(namespace)).toEqual([]);
  });
});
