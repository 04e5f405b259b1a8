import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { allIds } from '../../lib/channels/id-range.ts';
import { keys } from '../../lib/channels/keys.ts';
import { readPendingChanges } from '../../lib/projections/pending-changes.ts';
import { contextOf } from '../../local/function-context.ts';
import { newNamespace, expectedEntries, readProjections } from '../support/projections.ts';
import { type FaultyLine, startFaultyLine } from '../support/fault-proxy.ts';
import { channelOf, seedChannels } from '../support/seed.ts';
import { type Service, startService } from '../support/service.ts';

let service: Service;
let line: FaultyLine;
let settleDirectory: (event: DynamoDBStreamEvent, context: Context) => Promise<DynamoDBBatchResponse>;
let settleOverdue: (event: object, context: Context) => Promise<void>;

beforeAll(async () => {
  service = await startService(async (engine) => {
    line = await startFaultyLine(engine);
    return line.endpoint;
  });
  ({ handler: settleDirectory } = (await import('../../functions/project-channels.ts')) as never);
  ({ handler: settleOverdue } = (await import('../../functions/sweep-pending.ts')) as never);
});
afterAll(async () => {
  line.close();
  await service.stop();
});

/** What has been logged as a failure: of which channel, and why. */
let failures: { namespace: string; channel: string; why: string }[];
beforeEach(() => {
  failures = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((line) => {
    const { namespace, channel, causes } = JSON.parse(`${line}`);
    return failures.push({ namespace, channel, why: causes[0].name }) > 0;
  });
});

afterEach(() => {
  jest.restoreAllMocks();
});

const context = contextOf('settle', 'id', 30_000);

/** The records of the marks of channels, numbered as they come. */
const recordsOf = (namespace: string, ids: string[]): DynamoDBStreamEvent => ({
  Records: ids.map((id, index) => {
    const { pk, sk } = keys.pendingChange(namespace, id);
    return {
      eventName: 'INSERT',
      dynamodb: { SequenceNumber: `${index + 1}`, Keys: { pk: { S: pk }, sk: { S: sk } } },
    };
  }),
});

/** Leaves marks that can't be settled, one after the other and before any planted one. */
const spoil = async (namespace: string, ids: string[]) => {
  for (const [second, id] of ids.entries()) {
    const pendingSince = new Date(second * 1000).toISOString();
    await service.channels.put({
      Item: { ...keys.pendingChange(namespace, id), token: '0', pendingSince, entered: 'no list' },
    });
  }
  return async () => {
    for (const id of ids) await service.channels.delete({ Key: keys.pendingChange(namespace, id) });
  };
};

describe('the function on the stream', () => {
  test('settles each mark that a batch tells of, however often, and passes over what is settled', async () => {
    const { namespace, create } = newNamespace(service);
    const [one, two] = [await create({ name: 'One' }), await create({ name: 'Two' })];
    const batch = recordsOf(namespace, [one, two, one]);
    expect(await settleDirectory(batch, context)).toEqual({ batchItemFailures: [] });
    expect(await settleDirectory(batch, context)).toEqual({ batchItemFailures: [] });
    expect(await readProjections(service, namespace)).toEqual({
      marks: [],
      entries: expectedEntries(namespace, { [one]: 'one', [two]: 'two' }),
      blocks: [[allIds.first, 2]],
    });
  });

  test('answers and logs which could not be settled, and settles the others', async () => {
    const { namespace, create } = newNamespace(service);
    const [one, two] = [await create({ name: 'One' }), await create({ name: 'Two' })];
    const spoilt = channelOf(1)._id;
    const mend = await spoil(namespace, [spoilt]);
    const answer = await settleDirectory(recordsOf(namespace, [one, spoilt, two]), context);
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '2' }] });
    expect(failures).toEqual([{ namespace, channel: spoilt, why: 'TypeError' }]);
    await mend();
    expect(await readProjections(service, namespace)).toEqual({
      marks: [],
      entries: expectedEntries(namespace, { [one]: 'one', [two]: 'two' }),
      blocks: [[allIds.first, 2]],
    });
  });

  test('goes on one by one where they can’t be settled together', async () => {
    const { namespace, create } = newNamespace(service);
    const ids = [await create({ name: 'One' }), await create({ name: 'Two' })];
    let transactions = 0;
    line.fault = (operation) =>
      operation === 'TransactWriteItems' && ++transactions === 1 ? { __type: 'ValidationException' } : 'none';
    expect(await settleDirectory(recordsOf(namespace, ids), context)).toEqual({ batchItemFailures: [] });
    line.fault = () => 'none';
    expect([failures, await readPendingChanges(service.channels, namespace)]).toEqual([[], []]);
  });
});

describe('the function on the stream, of several namespaces', () => {
  test('holds up none of them where another can’t be settled', async () => {
    const { namespace, other, create } = newNamespace(service);
    const ids = [
      await create({ name: 'One', company_namespace: [namespace] }),
      await create({ name: 'Two', company_namespace: [other] }),
    ];
    const records = [namespace, other].flatMap(
      (each, index) => recordsOf(each, [ids[index] as string]).Records,
    );
    let transactions = 0;
    line.fault = (operation) =>
      operation === 'TransactWriteItems' && ++transactions === 1 ? 'hang' : 'none';
    // It is given up before the client would ask again.
    const hasty = { ...context, getRemainingTimeInMillis: () => 3_500 };
    const { batchItemFailures } = await settleDirectory({ Records: records }, hasty);
    line.fault = () => 'none';
    expect(batchItemFailures).toHaveLength(1);
    const left = [namespace, other].map(async (each) => (await readPendingChanges(service.channels, each)).length);
    expect((await Promise.all(left)).sort()).toEqual([0, 1]);
  });
});

describe('the function that runs by the clock', () => {
  // Planted channels were written in 2023: what they left has waited since.
  const plantOne = async (namespace: string, ordinal: number) => {
    const channel = channelOf(ordinal, { company_namespace: [namespace] });
    await seedChannels(service, [channel]);
    return channel._id;
  };

  test('settles what has waited for more than 5 minutes, in any namespace, and leaves the rest to the stream', async () => {
    const { namespace, other, create } = newNamespace(service);
    await plantOne(namespace, 1);
    await plantOne(other, 2);
    const fresh = await create({ name: 'Fresh' });
    await settleOverdue({}, context);
    expect((await readPendingChanges(service.channels, namespace)).map(({ id }) => id)).toEqual([fresh]);
    expect(await readPendingChanges(service.channels, other)).toEqual([]);
  });

  test('settles what it can before it tells of what it could not, and logs why', async () => {
    const { namespace } = newNamespace(service);
    const spoilt = channelOf(0)._id;
    const mend = await spoil(namespace, [spoilt]);
    for (const ordinal of [1, 2, 3]) await plantOne(namespace, ordinal);
    await expect(settleOverdue({}, context)).rejects.toThrow('1 could not be settled');
    expect(failures).toEqual([{ namespace, channel: spoilt, why: 'TypeError' }]);
    await mend();
    expect(await readPendingChanges(service.channels, namespace)).toEqual([]);
  });

  test('leaves a namespace to the next run after three failures, and settles what waits in others', async () => {
    const { namespace, other } = newNamespace(service);
    const ids = [1, 2, 3, 4].map((ordinal) => channelOf(ordinal)._id);
    const mend = await spoil(namespace, ids);
    const behind = await plantOne(namespace, 5);
    await plantOne(other, 6);
    await expect(settleOverdue({}, context)).rejects.toThrow('3 could not be settled');
    expect(failures).toEqual(ids.slice(0, 3).map((channel) => ({ namespace, channel, why: 'TypeError' })));
    expect(await readPendingChanges(service.channels, other)).toEqual([]);
    expect((await readPendingChanges(service.channels, namespace)).map(({ id }) => id)).toContain(behind);
    await mend();
    await settleOverdue({}, context);
    expect(await readPendingChanges(service.channels, namespace)).toEqual([]);
  });

  test('stops before its time is up, says so for the alarm, and leaves what is left to the next run', async () => {
    const { namespace } = newNamespace(service);
    await plantOne(namespace, 1);
    const hasty = { ...context, getRemainingTimeInMillis: () => 9_000 };
    await expect(settleOverdue({}, hasty)).rejects.toThrow('Time ran out before all were settled');
    expect(await readPendingChanges(service.channels, namespace)).toHaveLength(1);
    await settleOverdue({}, context);
    expect(await readPendingChanges(service.channels, namespace)).toEqual([]);
  });
});
