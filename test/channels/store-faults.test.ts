import { randomUUID } from 'node:crypto';
import { DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Caller } from '../../lib/auth/authenticate.ts';
import { toDocument } from '../../lib/channels/channel.ts';
import { newChannelId } from '../../lib/channels/channel-id.ts';
import { createChannel, deleteChannel, getChannel, updateChannel } from '../../lib/channels/store.ts';
import { connect } from '../../lib/dynamodb/client.ts';
import { Throttled, Unavailable } from '../../lib/dynamodb/failures.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { channelsTable } from '../../lib/manifest/tables.ts';
import { createTables } from '../../local/create-tables.ts';
import type { DynamoDbLocal } from '../../local/dynamodb-local.ts';
import { startTestDynamoDb } from '../support/test-dynamodb.ts';

/** The store on the real engine, over a line that fails: before the engine hears, or before its answer is heard. */

const caller: Caller = { keyId: 'key1', namespace: 'a', namespaces: ['a', 'b'] };
const name = `channels-${randomUUID()}`;
const connectionLost = () => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });

let client: DynamoDBDocumentClient;
let table: Table;
let calls = 0;
/** Which calls fail, by their number, and when. */
let fails: (call: number) => 'before' | 'after' | undefined = () => undefined;
let failure: () => Error = connectionLost;
/** What happens between a lost answer and the repetition. */
let meanwhile: () => Promise<unknown> = async () => undefined;

let engine: DynamoDbLocal;
beforeAll(async () => {
  engine = await startTestDynamoDb();
  await createTables(new DynamoDBClient({}), { [name]: channelsTable });
});
afterAll(() => engine.stop());
/** A client of its own: the SDK counts failures, and after many of them in a row it tries nothing again for a while. */
const reconnect = () => {
  client = connect();
  client.middlewareStack.add(
    (next) => async (args) => {
      const when = fails(++calls);
      if (when === 'before') throw failure();
      const answer = await next(args);
      if (when === 'after') {
        await meanwhile();
        throw failure();
      }
      return answer;
    },
    { step: 'deserialize', priority: 'high' },
  );
  const signal = AbortSignal.timeout(60_000);
  table = new Table({ client, meter: new Meter(), signal }, name);
};

beforeEach(reconnect);
afterEach(() => {
  fails = () => undefined;
  failure = connectionLost;
  meanwhile = async () => undefined;
  jest.restoreAllMocks();
  client.destroy();
});

const make = async (draft = {}) =>
  (await createChannel(table, caller, { name: 'Retail', ...draft }, undefined)).document;

describe('an answer that is lost on the way', () => {
  /** Loses the answer to one of an operation's calls; the SDK then sends the same again. */
  const losing = async <Result>(nth: number, run: () => Promise<Result>): Promise<Result> => {
    reconnect();
    const lost = calls + nth;
    fails = (call) => (call === lost ? 'after' : undefined);
    const result = await run();
    fails = () => undefined;
    expect(calls).toBeGreaterThan(lost);
    return result;
  };
  const times = Array.from({ length: 20 }, (_, index) => index);

  test('of a creation makes no second channel', async () => {
    const namespace = randomUUID();
    const own = { keyId: 'k', namespace, namespaces: [namespace] };
    const ids = new Set<string>();
    for (const _ of times)
      ids.add((await losing(1, () => createChannel(table, own, { name: 'x' }, undefined))).document._id);
    const { count } = await table.query({
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
      ExpressionAttributeValues: { ':pk': `NS#${namespace}`, ':first': '0', ':last': 'g' },
    });
    expect([ids.size, count]).toEqual([20, 20]);
  });

  test('of a creation under an idempotency key is no replay', async () => {
    const once = { keyHash: randomUUID(), fingerprint: 'f' };
    const { document, replayed } = await losing(1, () => createChannel(table, caller, { name: 'x' }, once));
    expect(replayed).toBe(false);
    expect((await createChannel(table, caller, { name: 'x' }, once)).document).toEqual(document);
  });

  test.each([
    undefined,
    { versions: [0] },
  ])('of an update in place is the answer it was, under %j', async (precondition) => {
    for (const index of times) {
      const { _id } = await make();
      const patch = { local_name: `n${index}` };
      const updated = await losing(1, () => updateChannel(table, caller, _id, patch, precondition));
      expect(updated).toMatchObject({ local_name: `n${index}`, __v: 1 });
      expect(await getChannel(table, 'a', _id)).toEqual(updated);
    }
  });

  describe('of an update in place, with another writer before its repetition,', () => {
    const other = { ...caller, keyId: 'key2' };
    const inPlace = { local_name: 'theirs' };
    const inTransaction = { name: 'Theirs', company_namespace: ['a', 'b'] };

    test.each([
      ['in place', inPlace, undefined],
      ['in place, under an entity tag', inPlace, { versions: [0] }],
      ['in a transaction', inTransaction, undefined],
      ['in a transaction, under an entity tag', inTransaction, { versions: [0] }],
    ])('%s, keeps what that one wrote', async (_, theirs, precondition) => {
      const { _id } = await make();
      meanwhile = () => updateChannel(table, other, _id, theirs, undefined);
      const updated = await losing(1, () =>
        updateChannel(table, caller, _id, { local_name: 'ours' }, precondition),
      );
      expect(updated).toMatchObject({ local_name: 'ours', ...theirs, __v: 2, writtenBy: 'key2' });
      expect(await getChannel(table, 'a', _id)).toEqual(updated);
    });

    test.each([
      undefined,
      { versions: [0] },
    ])('and that one’s own follower, is not told from one that never arrived: it is left, and 503, under %j', async (precondition) => {
      const { _id } = await make();
      meanwhile = async () => {
        await updateChannel(table, other, _id, inPlace, undefined);
        await updateChannel(table, other, _id, { local_name: 'theirs again' }, undefined);
      };
      const update = () => updateChannel(table, caller, _id, { local_name: 'ours' }, precondition);
      await expect(losing(1, update)).rejects.toBeInstanceOf(Unavailable);
      expect(await getChannel(table, 'a', _id)).toMatchObject({ local_name: 'theirs again', __v: 3 });
    });

    test('keeps it by a clock that is behind as well', async () => {
      const { _id } = await make();
      await table.update({
        Key: { pk: 'NS#a', sk: _id },
        UpdateExpression: 'SET updatedAt = :ahead',
        ExpressionAttributeValues: { ':ahead': Date.now() + 60_000 },
      });
      meanwhile = () => updateChannel(table, other, _id, inPlace, undefined);
      const updated = await losing(2, () =>
        updateChannel(table, caller, _id, { local_name: 'ours' }, undefined),
      );
      expect(updated).toMatchObject({ ...inPlace, __v: 2, writtenBy: 'key2' });
    });
  });

  test('of an update that turns out to need a transaction keeps nothing from it, where nobody has written since', async () => {
    const { _id } = await make();
    const first = calls + 1;
    fails = (call) => (call === first ? 'before' : undefined);
    const patch = { local_name: 'x', disabled: true };
    expect(await updateChannel(table, caller, _id, patch, undefined)).toMatchObject({ ...patch, __v: 1 });
  });

  test('of a renaming under an entity tag is the answer it was', async () => {
    for (const _ of times) {
      const { _id } = await make();
      const renamed = await losing(2, () =>
        updateChannel(table, caller, _id, { name: 'New' }, { versions: [0] }),
      );
      expect(renamed).toMatchObject({ name: 'New', __v: 1 });
      expect(await getChannel(table, 'a', _id)).toEqual(renamed);
    }
  });

  test('of a deletion is no 404', async () => {
    for (const _ of times) {
      const { _id } = await make();
      const deleted = await losing(2, () => deleteChannel(table, caller, _id, undefined));
      expect(deleted._id).toBe(_id);
    }
  });
});

describe('a write that is cancelled until its third try', () => {
  const cancelled = () =>
    new TransactionCanceledException({
      message: 'x',
      $metadata: { httpStatusCode: 400 },
      CancellationReasons: [{ Code: 'TransactionConflict' }],
    });
  const step = 5_000;
  /** Moves the clock on with every try that is cancelled; answers the result, and the time of the last try. */
  const contended = async <Result>(nth: number, run: () => Promise<Result>): Promise<[Result, number]> => {
    const now = Date.now;
    let ahead = 0;
    jest.spyOn(Date, 'now').mockImplementation(() => now() + ahead);
    const first = calls + nth;
    fails = (call) => (call === first || call === first + 1 ? 'before' : undefined);
    failure = () => {
      ahead += step;
      return cancelled();
    };
    const begun = Date.now();
    const result = await run();
    expect(ahead).toBe(2 * step);
    return [result, begun + ahead];
  };

  test('bears the time of that try, which no reader of what is new has passed: a creation, with its id', async () => {
    const namespace = randomUUID();
    const own = { keyId: 'k', namespace, namespaces: [namespace] };
    const once = { keyHash: randomUUID(), fingerprint: 'f' };
    const [{ document }, lastTry] = await contended(1, () => createChannel(table, own, { name: 'x' }, once));
    expect(Date.parse(document.updatedAt)).toBeGreaterThanOrEqual(lastTry);
    expect(document.createdAt).toBe(document.updatedAt);
    expect(toDocument(await getChannel(table, namespace, document._id))).toEqual(document);
    expect(await createChannel(table, own, { name: 'x' }, once)).toEqual({ document, replayed: true });
    const { items } = await table.query({
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
      ExpressionAttributeValues: { ':pk': `NS#${namespace}`, ':first': '0', ':last': 'g' },
    });
    expect(items.map(({ sk }) => sk)).toEqual([document._id]);
  });

  test('so does a renaming', async () => {
    const { _id } = await make();
    const rename = () => updateChannel(table, caller, _id, { name: 'New' }, undefined);
    const [renamed, lastTry] = await contended(2, rename);
    expect(renamed.updatedAt).toBeGreaterThanOrEqual(lastTry);
    expect(await getChannel(table, 'a', _id)).toEqual(renamed);
  });

  test('so does an update that found the channel other than it took for granted', async () => {
    const { _id } = await make();
    const now = Date.now;
    let ahead = 0;
    jest.spyOn(Date, 'now').mockImplementation(() => now() + ahead);
    const first = calls + 1;
    fails = (call) => {
      if (call === first) ahead = step;
      return undefined;
    };
    const begun = Date.now();
    const patch = { local_name: 'x', disabled: true };
    const updated = await updateChannel(table, caller, _id, patch, undefined);
    expect(updated.updatedAt).toBeGreaterThanOrEqual(begun + step);
  });

  test('so does a deletion', async () => {
    const { _id } = await make();
    const [, lastTry] = await contended(2, () => deleteChannel(table, caller, _id, undefined));
    const gone = await table.get({ pk: 'NS#a', sk: `~tombstone#${_id}` });
    expect(gone?.deletedAt).toBeGreaterThanOrEqual(lastTry);
  });
});

describe('throttling', () => {
  const throttled = () =>
    Object.assign(new Error('slow down'), {
      name: 'ProvisionedThroughputExceededException',
      $metadata: { httpStatusCode: 400 },
    });
  const every = (nth: number) => (call: number) => (call % nth === 0 ? ('before' as const) : undefined);

  test('of every tenth call is got over with at most half as many calls more', async () => {
    failure = throttled;
    const before = calls;
    fails = every(10);
    const made = await Promise.all(Array.from({ length: 200 }, () => make()));
    expect(new Set(made.map(({ _id }) => _id)).size).toBe(200);
    expect((calls - before) / 200).toBeLessThanOrEqual(1.5);
  });

  test('of every second call is got over as well', async () => {
    failure = throttled;
    fails = every(2);
    const { _id } = await make();
    fails = every(2);
    expect(await updateChannel(table, caller, _id, { name: 'New' }, undefined)).toMatchObject({ __v: 1 });
  });

  test('without end is said, and writes nothing', async () => {
    const { _id } = await make();
    failure = throttled;
    fails = every(1);
    const tries = [
      make(),
      updateChannel(table, caller, _id, { local_name: 'x' }, undefined),
      updateChannel(table, caller, _id, { name: 'x' }, undefined),
      deleteChannel(table, caller, _id, undefined),
    ];
    for (const result of await Promise.allSettled(tries))
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(Throttled) });
    fails = () => undefined;
    expect(await getChannel(table, 'a', _id)).toMatchObject({ __v: 0 });
  });
});

describe('a table out of reach', () => {
  test('is said, and works again at once when it is back', async () => {
    const { _id } = await make();
    fails = () => 'before';
    await expect(getChannel(table, 'a', _id)).rejects.toBeInstanceOf(Unavailable);
    fails = () => undefined;
    expect(await getChannel(table, 'a', _id)).toMatchObject({ _id });
  });
});

describe('a clock that is behind', () => {
  test('goes on from the time that is stored, in place and in a transaction', async () => {
    const { _id } = await make();
    const key = { pk: 'NS#a', sk: _id };
    const ahead = Date.now() + 60_000;
    await table.update({
      Key: key,
      UpdateExpression: 'SET updatedAt = :ahead',
      ExpressionAttributeValues: { ':ahead': ahead },
    });
    expect((await updateChannel(table, caller, _id, { local_name: 'x' }, undefined)).updatedAt).toBe(
      ahead + 1,
    );
    expect((await updateChannel(table, caller, _id, { name: 'x' }, undefined)).updatedAt).toBe(ahead + 2);
    expect((await updateChannel(table, caller, _id, { local_name: null }, undefined)).updatedAt).toBe(
      ahead + 3,
    );
  });
});

describe('an idempotency record past its 24 hours', () => {
  test('is dead, though it has not been swept', async () => {
    const once = { keyHash: randomUUID(), fingerprint: 'f' };
    const first = await createChannel(table, caller, { name: 'x' }, once);
    await table.update({
      Key: { pk: 'NS#a', sk: `~idempotency#${once.keyHash}` },
      UpdateExpression: 'SET expiresAt = :past',
      ExpressionAttributeValues: { ':past': Math.floor(Date.now() / 1000) },
    });
    const again = await createChannel(table, caller, { name: 'x' }, once);
    expect(again.replayed).toBe(false);
    expect(again.document._id).not.toBe(first.document._id);
  });
});

test('a channel that is nowhere can’t be changed into being', async () => {
  const id = newChannelId(Date.now());
  for (const patch of [{ name: 'x' }, { local_name: 'x' }, { integration_meta: null }])
    await expect(updateChannel(table, caller, id, patch, undefined)).rejects.toMatchObject({
      code: 'not_found',
    });
});
