import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Caller } from '../../lib/auth/authenticate.ts';
import type { ChannelPatch } from '../../lib/channels/body-schema.ts';
import { toDocument } from '../../lib/channels/channel.ts';
import { newChannelId } from '../../lib/channels/channel-id.ts';
import { keys } from '../../lib/channels/keys.ts';
import { mergeIntoMeta } from '../../lib/channels/merge-patch.ts';
import { createChannel, deleteChannel, getChannel, updateChannel } from '../../lib/channels/store.ts';
import { connect } from '../../lib/dynamodb/client.ts';
import { Throttled, Unavailable } from '../../lib/dynamodb/failures.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { channelsTable } from '../../lib/manifest/tables.ts';
import { mapConcurrently } from '../../lib/map-concurrently.ts';
import { createTables } from '../../local/create-tables.ts';
import { cancelled, conflict, connectionLost, throttled } from '../support/dynamodb-errors.ts';
import { disconnect, failTries } from '../support/failing-client.ts';
import { interruptBefore } from '../support/projections.ts';
import { useDynamoDb } from '../support/test-dynamodb.ts';
import { findTornWrites } from '../support/whole-partitions.ts';

// The store on DynamoDB Local, with calls that fail: before DynamoDB gets the request, or before its response arrives.

const caller: Caller = { keyId: 'key1', namespace: 'a', namespaces: ['a', 'b'] };
const name = `channels-${randomUUID()}`;

let client: DynamoDBDocumentClient;
let table: Table;
let calls = 0;
/** Whether a call fails, by its number: before DynamoDB gets the request, or after it has carried it out. */
let failAt: (call: number) => 'before' | 'after' | undefined = () => undefined;
let failure: () => Error = connectionLost;
/** Runs between a lost response and the SDK's retry. */
let beforeRetry: () => Promise<unknown> = async () => undefined;

useDynamoDb(() => createTables(new DynamoDBClient({}), { [name]: channelsTable }));

/** Each test has its own client: after many failures in a row, the SDK does not retry for a while. */
const reconnect = () => {
  client = connect();
  failTries(client, () => {
    const moment = failAt(++calls);
    return moment && { moment, error: () => failure(), meanwhile: () => beforeRetry() };
  });
  const signal = AbortSignal.timeout(600_000);
  table = new Table({ client, meter: new Meter(), signal }, name);
};

beforeEach(reconnect);
afterEach(() => {
  failAt = () => undefined;
  failure = connectionLost;
  beforeRetry = async () => undefined;
  jest.restoreAllMocks();
  disconnect(client);
});

const create = async () => (await createChannel(table, caller, { name: 'Retail' }, undefined)).document;

/** Metadata: an update of it is in place. */
const meta = (value: string) => ({ integration_meta: JSON.stringify({ value }) });

describe('if a response is lost and the SDK sends the request again,', () => {
  /** Loses the response to one call of an operation, by its number. */
  const loseResponse = async <Result>(nth: number, run: () => Promise<Result>): Promise<Result> => {
    reconnect();
    const lost = calls + nth;
    failAt = (call) => (call === lost ? 'after' : undefined);
    const result = await run();
    failAt = () => undefined;
    expect(calls).toBeGreaterThan(lost);
    return result;
  };
  const repetitions = Array.from({ length: 20 }, (_, index) => index);

  test('a creation creates only one channel', async () => {
    const namespace = randomUUID();
    const own = { keyId: 'k', namespace, namespaces: [namespace] };
    const ids = new Set<string>();
    for (const _ of repetitions)
      ids.add(
        (await loseResponse(1, () => createChannel(table, own, { name: 'x' }, undefined))).document._id,
      );
    const { count } = await table.query({
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
      ExpressionAttributeValues: { ':pk': `NS#${namespace}`, ':first': '0', ':last': 'g' },
    });
    expect([ids.size, count]).toEqual([20, 20]);
  });

  test('a creation with an idempotency key is not reported as a replay', async () => {
    const idempotency = { keyHash: randomUUID(), fingerprint: 'f' };
    const { document, replayed } = await loseResponse(1, () =>
      createChannel(table, caller, { name: 'x' }, idempotency),
    );
    expect(replayed).toBe(false);
    expect((await createChannel(table, caller, { name: 'x' }, idempotency)).document).toEqual(document);
  });

  test.each([
    undefined,
    { versions: [0] },
  ])('an update in place returns its own result, with the precondition %j', async (precondition) => {
    for (const index of repetitions) {
      const { _id } = await create();
      const patch = meta(`n${index}`);
      const updated = await loseResponse(1, () => updateChannel(table, caller, _id, patch, precondition));
      expect(updated).toMatchObject({ ...meta(`n${index}`), __v: 1 });
      expect(await getChannel(table, 'a', _id)).toEqual(updated);
    }
  });

  describe('and another client writes before the retry of an update in place,', () => {
    const other = { ...caller, keyId: 'key2' };
    const inPlace = meta('theirs');
    const inTransaction = { name: 'Theirs', company_namespace: ['a', 'b'] };

    test.each([
      ['in place', inPlace, undefined],
      ['in place, under an ETag', inPlace, { versions: [0] }],
      ['in a transaction', inTransaction, undefined],
      ['in a transaction, under an ETag', inTransaction, { versions: [0] }],
    ])('the changes of both are kept: %s', async (_, theirs, precondition) => {
      const { _id } = await create();
      beforeRetry = () => updateChannel(table, other, _id, theirs, undefined);
      const updated = await loseResponse(1, () =>
        updateChannel(table, caller, _id, meta('ours'), precondition),
      );
      expect(updated).toMatchObject({ ...meta('ours'), ...theirs, __v: 2, writtenBy: 'key2' });
      expect(await getChannel(table, 'a', _id)).toEqual(updated);
    });

    test.each([
      undefined,
      { versions: [0] },
    ])('and then writes again, the update throws Unavailable, because its outcome is unknown, with the precondition %j', async (precondition) => {
      const { _id } = await create();
      beforeRetry = async () => {
        await updateChannel(table, other, _id, inPlace, undefined);
        await updateChannel(table, other, _id, meta('theirs again'), undefined);
      };
      const update = () => updateChannel(table, caller, _id, meta('ours'), precondition);
      await expect(loseResponse(1, update)).rejects.toBeInstanceOf(Unavailable);
      expect(await getChannel(table, 'a', _id)).toMatchObject({ ...meta('theirs again'), __v: 3 });
    });

    test('the changes of both are kept if the clock is behind too', async () => {
      const { _id } = await create();
      await table.update({
        Key: { pk: 'NS#a', sk: _id },
        UpdateExpression: 'SET updatedAt = :ahead',
        ExpressionAttributeValues: { ':ahead': Date.now() + 60_000 },
      });
      beforeRetry = () => updateChannel(table, other, _id, inPlace, undefined);
      const updated = await loseResponse(2, () => updateChannel(table, caller, _id, meta('ours'), undefined));
      expect(updated).toMatchObject({ ...inPlace, __v: 2, writtenBy: 'key2' });
    });
  });

  test('an update that turns out to need a transaction succeeds', async () => {
    const { _id } = await create();
    const first = calls + 1;
    failAt = (call) => (call === first ? 'before' : undefined);
    const patch = { ...meta('x'), disabled: true };
    expect(await updateChannel(table, caller, _id, patch, undefined)).toMatchObject({ ...patch, __v: 1 });
  });

  test('a new name under an ETag returns its own result', async () => {
    for (const _ of repetitions) {
      const { _id } = await create();
      const renamed = await loseResponse(2, () =>
        updateChannel(table, caller, _id, { name: 'New' }, { versions: [0] }),
      );
      expect(renamed).toMatchObject({ name: 'New', __v: 1 });
      expect(await getChannel(table, 'a', _id)).toEqual(renamed);
    }
  });

  test('a deletion returns the channel, not 404', async () => {
    for (const _ of repetitions) {
      const { _id } = await create();
      const deleted = await loseResponse(2, () => deleteChannel(table, caller, _id, undefined));
      expect(deleted._id).toBe(_id);
    }
  });
});

describe('if a response is lost and every later try is refused, the outcome is unknown:', () => {
  /** Loses the response to the nth call, and refuses all later calls. */
  const loseThenRefuse = async (nth: number, refusal: () => Error, run: () => Promise<unknown>) => {
    reconnect();
    const lost = calls + nth;
    failAt = (call) => (call === lost ? 'after' : call > lost ? 'before' : undefined);
    failure = () => (calls === lost ? connectionLost() : refusal());
    const outcome = await run().catch((error) => error);
    failAt = () => undefined;
    return outcome;
  };

  test.each([
    ['throttled', throttled],
    ['cancelled', cancelled],
  ])('a creation throws Unavailable, and the channel exists (%s)', async (_, refusal) => {
    const namespace = randomUUID();
    const own = { keyId: 'k', namespace, namespaces: [namespace] };
    const outcome = await loseThenRefuse(1, refusal, () =>
      createChannel(table, own, { name: 'x' }, undefined),
    );
    expect(outcome).toBeInstanceOf(Unavailable);
    const { count } = await table.query({
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
      ExpressionAttributeValues: { ':pk': `NS#${namespace}`, ':first': '0', ':last': 'g' },
    });
    expect(count).toBe(1);
  });

  test.each([
    ['throttled', throttled],
    ['refused because of another transaction', conflict],
  ])('an update in place throws Unavailable, and is done once (%s)', async (_, refusal) => {
    const { _id } = await create();
    const outcome = await loseThenRefuse(1, refusal, () =>
      updateChannel(table, caller, _id, meta('x'), undefined),
    );
    expect(outcome).toBeInstanceOf(Unavailable);
    expect(await getChannel(table, 'a', _id)).toMatchObject({ ...meta('x'), __v: 1 });
  });

  test.each([
    ['throttled', throttled],
    ['cancelled', cancelled],
  ])('a new name throws Unavailable, and is done once (%s)', async (_, refusal) => {
    const { _id } = await create();
    const outcome = await loseThenRefuse(2, refusal, () =>
      updateChannel(table, caller, _id, { name: 'New' }, { versions: [0] }),
    );
    expect(outcome).toBeInstanceOf(Unavailable);
    expect(await getChannel(table, 'a', _id)).toMatchObject({ name: 'New', __v: 1 });
  });

  test.each([
    ['throttled', throttled],
    ['cancelled', cancelled],
  ])('a deletion throws Unavailable, and the channel is gone (%s)', async (_, refusal) => {
    const { _id } = await create();
    const outcome = await loseThenRefuse(2, refusal, () =>
      deleteChannel(table, caller, _id, { versions: [0] }),
    );
    expect(outcome).toBeInstanceOf(Unavailable);
    await expect(getChannel(table, 'a', _id)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('if another writer gets ahead of a merge of metadata, after the channel was read for it,', () => {
  /** Lets another writer change the channel before each of the next writes. @param aheadMs how far the stored time is ahead */
  const mergeBehind = async (changes: ChannelPatch[], patch: ChannelPatch, aheadMs = 0) => {
    const { _id } = await create();
    await updateChannel(table, caller, _id, { integration_meta: '{"theirs":0}' }, undefined);
    await table.update({
      Key: { pk: 'NS#a', sk: _id },
      UpdateExpression: 'ADD updatedAt :ahead',
      ExpressionAttributeValues: { ':ahead': aheadMs },
    });
    const own = connect();
    const other = new Table({ client: own, meter: new Meter(), signal: table.signal }, name);
    client.middlewareStack.add(
      (next, { commandName = '' }) =>
        async (args) => {
          const change = commandName === 'GetItemCommand' ? undefined : changes.shift();
          if (change) await updateChannel(other, { ...caller, keyId: 'key2' }, _id, change, undefined);
          return next(args);
        },
      { step: 'initialize' },
    );
    const merged = await updateChannel(table, caller, _id, mergeIntoMeta(patch, { ours: 1 }), undefined);
    disconnect(own);
    expect(await getChannel(table, 'a', _id)).toEqual(merged);
    return merged;
  };

  test.each([
    ['in place', {}, 0],
    ['in place, while the clock is behind', {}, 60_000],
    ['in a transaction', { name: 'New' }, 0],
  ])('the service merges again, and keeps the keys of both: %s', async (_, patch, aheadMs) => {
    const changes = [{ integration_meta: '{"theirs":1}' }, { integration_meta: '{"theirs":2}' }];

    const merged = await mergeBehind(changes, patch, aheadMs);

    expect(merged).toMatchObject({ ...patch, integration_meta: '{"ours":1,"theirs":2}', __v: 4 });
  });

  test('the write takes a transaction if the channel is shared now', async () => {
    const merged = await mergeBehind([{ company_namespace: ['a', 'b'] }], {});

    expect(merged).toMatchObject({
      company_namespace: ['a', 'b'],
      integration_meta: '{"ours":1,"theirs":0}',
    });
    expect(await getChannel(table, 'b', merged._id)).toEqual(merged);
  });
});

describe('if a response to an update in place is lost', () => {
  const other = { ...caller, keyId: 'key2' };

  test.each([
    undefined,
    { versions: [0] },
  ])('and two other writers follow before a conflict ends, the update is neither repeated nor called stale, with the precondition %j', async (precondition) => {
    const { _id } = await create();
    let isConflict = false;
    const lost = calls + 1;
    failAt = (call) => {
      if (call === lost) return 'after';
      if (!isConflict) return undefined;
      isConflict = false;
      failure = conflict;
      return 'before';
    };
    beforeRetry = async () => {
      await updateChannel(table, other, _id, meta('theirs'), undefined);
      await updateChannel(table, other, _id, meta('theirs again'), undefined);
      isConflict = true;
    };
    const update = updateChannel(table, caller, _id, meta('ours'), precondition);
    await expect(update).rejects.toBeInstanceOf(Unavailable);
    expect(await getChannel(table, 'a', _id)).toMatchObject({ ...meta('theirs again'), __v: 3 });
  });

  describe('while the clock is behind,', () => {
    /** Loses the response to the attempt that knows that the clock is behind. Meanwhile others write. */
    const updateWithClockBehind = async (meanwhile: (id: string) => Promise<unknown>) => {
      const { _id } = await create();
      await table.update({
        Key: { pk: 'NS#a', sk: _id },
        UpdateExpression: 'SET updatedAt = :ahead',
        ExpressionAttributeValues: { ':ahead': Date.now() + 60_000 },
      });
      const lost = calls + 2;
      failAt = (call) => (call === lost ? 'after' : undefined);
      beforeRetry = () => meanwhile(_id);
      const update = updateChannel(table, caller, _id, meta('ours'), undefined);
      return { _id, update };
    };

    test('and no other writer follows, the update returns its own result', async () => {
      const { _id, update } = await updateWithClockBehind(async () => undefined);
      expect(await update).toMatchObject({ ...meta('ours'), __v: 1 });
      expect(await getChannel(table, 'a', _id)).toEqual(await update);
    });

    test('and two other writers follow, the update is not repeated over their change', async () => {
      const { _id, update } = await updateWithClockBehind(async (id) => {
        await updateChannel(table, other, id, meta('theirs'), undefined);
        await updateChannel(table, other, id, meta('theirs again'), undefined);
      });
      await expect(update).rejects.toBeInstanceOf(Unavailable);
      expect(await getChannel(table, 'a', _id)).toMatchObject({ ...meta('theirs again'), __v: 3 });
    });
  });

  test('and another client deletes the channel, the update throws Unavailable, not 404', async () => {
    const { _id } = await create();
    const lost = calls + 1;
    failAt = (call) => (call === lost ? 'after' : undefined);
    beforeRetry = () => deleteChannel(table, other, _id, undefined);
    const update = updateChannel(table, caller, _id, meta('ours'), undefined);
    await expect(update).rejects.toBeInstanceOf(Unavailable);
  });
});

describe('if the first try of an update in place arrives late, after its repetition was answered,', () => {
  const other = { ...caller, keyId: 'key2' };

  /** Makes an update whose first try arrives after two changes by another writer. The clock is set back meanwhile. */
  const updateLate = async (id: string, patch: ChannelPatch) => {
    let arrive: () => Promise<unknown> = async () => undefined;
    let isFirst = true;
    client.middlewareStack.add(
      (next) => async (args) => {
        if (!isFirst) return next(args);
        isFirst = false;
        arrive = () => next(args);
        throw connectionLost();
      },
      { step: 'deserialize', priority: 'high' },
    );
    const now = Date.now();
    jest
      .spyOn(Date, 'now')
      .mockReturnValueOnce(now + 4_000)
      .mockReturnValue(now + 1_000);
    const [result] = await Promise.allSettled([updateChannel(table, caller, id, patch, undefined)]);
    await updateChannel(table, other, id, meta('theirs'), undefined);
    await updateChannel(table, other, id, meta('theirs again'), undefined);
    await arrive().catch(() => undefined);
    return result;
  };

  test('an update that found nothing to change throws Unavailable, because it may still happen', async () => {
    const { _id } = await create();
    await updateChannel(table, other, _id, meta('ours'), undefined);

    const result = await updateLate(_id, meta('ours'));

    expect(result).toMatchObject({ status: 'rejected', reason: expect.any(Unavailable) });
    expect(await getChannel(table, 'a', _id)).toMatchObject({ ...meta('ours'), __v: 4 });
  });

  test('an update that was done by its repetition is not done again', async () => {
    const { _id } = await create();

    const result = await updateLate(_id, meta('ours'));

    expect(result).toMatchObject({ status: 'fulfilled', value: { ...meta('ours'), __v: 1 } });
    expect(await getChannel(table, 'a', _id)).toMatchObject({ ...meta('theirs again'), __v: 3 });
  });

  test('an update that was done by a transaction is not done again', async () => {
    const { _id } = await create();

    const result = await updateLate(_id, { name: 'Ours', ...meta('ours') });

    expect(result).toMatchObject({ status: 'fulfilled', value: { ...meta('ours'), __v: 1 } });
    expect(await getChannel(table, 'a', _id)).toMatchObject({ ...meta('theirs again'), __v: 3 });
  });
});

describe('if the first try of a new name got no answer, and arrives late,', () => {
  /** Renames a channel to "Ours". The first try arrives after the update has ended. */
  const renameLate = async (on: Table, id: string, beforeLateTry: () => Promise<unknown>) => {
    let arrive: (() => Promise<unknown>) | undefined;
    client.middlewareStack.add(
      (next) => async (args) => {
        if (arrive || !JSON.stringify(args).includes('Ours')) return next(args);
        arrive = () => next(args);
        throw connectionLost();
      },
      { step: 'deserialize', priority: 'high' },
    );
    const [result] = await Promise.allSettled([updateChannel(on, caller, id, { name: 'Ours' }, undefined)]);
    await beforeLateTry();
    await arrive?.().catch(() => undefined);
    return result;
  };
  /** The table, on which somebody else does something before the first try. */
  const interrupted = (id: string, interruption: () => Promise<unknown>) =>
    interruptBefore({ channels: table, projections: table }, 'TransactWrite', id, interruption).channels;

  test('the update throws Unavailable if its pending change had no room, because it may still happen', async () => {
    const { _id } = await create();
    const pending = keys.pendingChange('a', _id);
    await table.update({
      Key: pending,
      UpdateExpression: 'SET indexedBytes = :full',
      ExpressionAttributeValues: { ':full': 48 * 1024 },
    });

    const result = await renameLate(table, _id, () => table.delete({ Key: pending }));

    expect(result).toMatchObject({ status: 'rejected', reason: expect.any(Unavailable) });
    expect(await getChannel(table, 'a', _id)).toMatchObject({ name: 'Ours', __v: 1 });
  });

  test('the update is made again if it met another version, because the first try will meet one too', async () => {
    const { _id } = await create();
    const on = interrupted(_id, () => updateChannel(table, caller, _id, meta('theirs'), undefined));
    const renameAgain = () => updateChannel(table, caller, _id, { name: 'Later' }, undefined);

    const result = await renameLate(on, _id, renameAgain);

    expect(result).toMatchObject({ status: 'fulfilled', value: { name: 'Ours', ...meta('theirs'), __v: 2 } });
    expect(await getChannel(table, 'a', _id)).toMatchObject({ name: 'Later', ...meta('theirs'), __v: 3 });
  });

  test('the update throws not_found if the channel was deleted before it', async () => {
    const { _id } = await create();
    const on = interrupted(_id, () => deleteChannel(table, caller, _id, undefined));

    const result = await renameLate(on, _id, async () => undefined);

    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'not_found' } });
    await expect(getChannel(table, 'a', _id)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('the time of a write that is cancelled until its third attempt', () => {
  const stepMs = 5_000;
  /** Cancels two attempts, and moves the clock forward with each. Returns the result, and the time of the last attempt. */
  const runUnderContention = async <Result>(
    nth: number,
    run: () => Promise<Result>,
  ): Promise<[Result, number]> => {
    const now = Date.now;
    let ahead = 0;
    jest.spyOn(Date, 'now').mockImplementation(() => now() + ahead);
    const first = calls + nth;
    failAt = (call) => (call === first || call === first + 1 ? 'before' : undefined);
    failure = () => {
      ahead += stepMs;
      return cancelled();
    };
    const startedAt = Date.now();
    const result = await run();
    expect(ahead).toBe(2 * stepMs);
    return [result, startedAt + ahead];
  };

  test('is that of the last attempt for a creation, in its updatedAt and its id, so that readers by time do not miss it', async () => {
    const namespace = randomUUID();
    const own = { keyId: 'k', namespace, namespaces: [namespace] };
    const idempotency = { keyHash: randomUUID(), fingerprint: 'f' };
    const [{ document }, lastAttemptAt] = await runUnderContention(1, () =>
      createChannel(table, own, { name: 'x' }, idempotency),
    );
    expect(Date.parse(document.updatedAt)).toBeGreaterThanOrEqual(lastAttemptAt);
    expect(document.createdAt).toBe(document.updatedAt);
    expect(toDocument(await getChannel(table, namespace, document._id))).toEqual(document);
    expect(await createChannel(table, own, { name: 'x' }, idempotency)).toEqual({ document, replayed: true });
    const { items } = await table.query({
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
      ExpressionAttributeValues: { ':pk': `NS#${namespace}`, ':first': '0', ':last': 'g' },
    });
    expect(items.map(({ sk }) => sk)).toEqual([document._id]);
  });

  test('is that of the last attempt for a new name', async () => {
    const { _id } = await create();
    const rename = () => updateChannel(table, caller, _id, { name: 'New' }, undefined);
    const [renamed, lastAttemptAt] = await runUnderContention(2, rename);
    expect(renamed.updatedAt).toBeGreaterThanOrEqual(lastAttemptAt);
    expect(await getChannel(table, 'a', _id)).toEqual(renamed);
  });

  test('is that of the last attempt for an update that cannot be made in place', async () => {
    const { _id } = await create();
    const now = Date.now;
    let ahead = 0;
    jest.spyOn(Date, 'now').mockImplementation(() => now() + ahead);
    const first = calls + 1;
    failAt = (call) => {
      if (call === first) ahead = stepMs;
      return undefined;
    };
    const startedAt = Date.now();
    const patch = { ...meta('x'), disabled: true };
    const updated = await updateChannel(table, caller, _id, patch, undefined);
    expect(updated.updatedAt).toBeGreaterThanOrEqual(startedAt + stepMs);
  });

  test('is that of the last attempt for a deletion', async () => {
    const { _id } = await create();
    const [, lastAttemptAt] = await runUnderContention(2, () => deleteChannel(table, caller, _id, undefined));
    const gone = await table.get({ pk: 'NS#a', sk: `~tombstone#${_id}` });
    expect(gone?.deletedAt).toBeGreaterThanOrEqual(lastAttemptAt);
  });
});

describe('if DynamoDB throttles', () => {
  const every = (nth: number) => (call: number) => (call % nth === 0 ? ('before' as const) : undefined);

  test('every tenth call, all writes succeed with at most half as many more calls', async () => {
    failure = throttled;
    const before = calls;
    failAt = every(10);
    // With more at once, calls on a busy machine would take longer than the SDK waits.
    const made = await mapConcurrently(Array.from({ length: 200 }), 20, create);
    expect(new Set(made.map(({ _id }) => _id)).size).toBe(200);
    expect((calls - before) / 200).toBeLessThanOrEqual(1.5);
  });

  test('every second call, writes succeed', async () => {
    failure = throttled;
    failAt = every(2);
    const { _id } = await create();
    failAt = every(2);
    expect(await updateChannel(table, caller, _id, { name: 'New' }, undefined)).toMatchObject({ __v: 1 });
  });

  test('every call, writes throw Throttled and write nothing', async () => {
    const { _id } = await create();
    failure = throttled;
    failAt = every(1);
    const attempts = [
      create(),
      updateChannel(table, caller, _id, meta('x'), undefined),
      updateChannel(table, caller, _id, { name: 'x' }, undefined),
      deleteChannel(table, caller, _id, undefined),
    ];
    for (const result of await Promise.allSettled(attempts))
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(Throttled) });
    failAt = () => undefined;
    expect(await getChannel(table, 'a', _id)).toMatchObject({ __v: 0 });
  });
});

describe('if DynamoDB cannot be reached', () => {
  test('a read throws Unavailable, and works again as soon as DynamoDB can be reached', async () => {
    const { _id } = await create();
    failAt = () => 'before';
    await expect(getChannel(table, 'a', _id)).rejects.toBeInstanceOf(Unavailable);
    failAt = () => undefined;
    expect(await getChannel(table, 'a', _id)).toMatchObject({ _id });
  });
});

describe('if the clock is behind the stored time', () => {
  test('updatedAt grows by 1 ms, in place and in a transaction', async () => {
    const { _id } = await create();
    const key = { pk: 'NS#a', sk: _id };
    const ahead = Date.now() + 60_000;
    await table.update({
      Key: key,
      UpdateExpression: 'SET updatedAt = :ahead',
      ExpressionAttributeValues: { ':ahead': ahead },
    });
    expect((await updateChannel(table, caller, _id, meta('x'), undefined)).updatedAt).toBe(ahead + 1);
    expect((await updateChannel(table, caller, _id, { name: 'x' }, undefined)).updatedAt).toBe(ahead + 2);
    expect((await updateChannel(table, caller, _id, { integration_meta: null }, undefined)).updatedAt).toBe(
      ahead + 3,
    );
  });
});

describe('an external id that 20 channels have', () => {
  const input = { name: 'x', integration_meta: '{"external_id":"crowded"}' };
  const countOf = async (namespace: string) =>
    (
      await table.query({
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
        ExpressionAttributeValues: { ':pk': `NS#${namespace}`, ':first': '0', ':last': 'g' },
      })
    ).count;

  /** A namespace in which the external id is crowded. */
  const crowded = async () => {
    const namespace = randomUUID();
    const own: Caller = { keyId: 'k', namespace, namespaces: [namespace] };
    for (let count = 0; count < 20; count++) await createChannel(table, own, input, undefined);
    return { namespace, own };
  };

  test('does not hide that a creation repeats an earlier one, or that an update met another version', async () => {
    const { namespace, own } = await crowded();
    const idempotency = { keyHash: 'k', fingerprint: 'f' };
    const first = await createChannel(table, own, input, idempotency);
    const again = await createChannel(table, own, input, idempotency);
    expect(again).toEqual({ document: first.document, replayed: true });

    const { document } = await createChannel(table, own, { name: 'x' }, undefined);
    const { channels } = interruptBefore(
      { channels: table, projections: table },
      'TransactWrite',
      'EXTERNAL#',
      () => updateChannel(table, own, document._id, { name: 'theirs' }, undefined),
    );
    const patch = { name: 'x', integration_meta: input.integration_meta };
    const updated = await updateChannel(channels, own, document._id, patch, undefined);
    expect(updated).toMatchObject({ ...patch, __v: 2 });
    expect(await countOf(namespace)).toBe(22);
    expect(await findTornWrites(table, [namespace])).toEqual([]);
  });

  test('is given to no second channel if the first try of a creation arrives late: the creation throws Unavailable', async () => {
    const { namespace, own } = await crowded();
    const lost = calls + 1;
    failAt = (call) => (call === lost ? 'before' : undefined);
    await expect(createChannel(table, own, input, undefined)).rejects.toBeInstanceOf(Unavailable);
    expect(await countOf(namespace)).toBe(20);
  });
});

describe('a channel whose stored index keys are wrong', () => {
  test('can be updated, and gets the right ones', async () => {
    const input = { name: 'x', integration_meta: '{"external_id":"right"}' };
    const { _id } = (await createChannel(table, caller, input, undefined)).document;
    const key = { pk: 'NS#a', sk: _id };
    const { externalIdKey } = (await table.get(key)) ?? {};
    await table.update({
      Key: key,
      UpdateExpression: 'SET externalIdKey = :wrong',
      ExpressionAttributeValues: { ':wrong': 'wrong' },
    });
    const patch = { integration_meta: '{"at":1,"external_id":"right"}' };
    expect(await updateChannel(table, caller, _id, patch, undefined)).toMatchObject({ ...patch, __v: 1 });
    expect(await table.get(key)).toMatchObject({ ...patch, externalIdKey });
  });
});

describe('an idempotency record that is older than 24 hours', () => {
  test('has no effect, even if TTL has not removed it yet', async () => {
    const idempotency = { keyHash: randomUUID(), fingerprint: 'f' };
    const first = await createChannel(table, caller, { name: 'x' }, idempotency);
    await table.update({
      Key: { pk: 'NS#a', sk: `~idempotency#${idempotency.keyHash}` },
      UpdateExpression: 'SET expiresAt = :past',
      ExpressionAttributeValues: { ':past': Math.floor(Date.now() / 1000) },
    });
    const again = await createChannel(table, caller, { name: 'x' }, idempotency);
    expect(again.replayed).toBe(false);
    expect(again.document._id).not.toBe(first.document._id);
  });
});

test('an update of a channel that does not exist throws not_found, and creates nothing', async () => {
  const id = newChannelId(Date.now());
  for (const patch of [{ name: 'x' }, { local_name: 'x' }, { integration_meta: null }])
    await expect(updateChannel(table, caller, id, patch, undefined)).rejects.toMatchObject({
      code: 'not_found',
    });
});
