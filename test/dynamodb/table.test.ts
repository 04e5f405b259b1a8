import {
  ConditionalCheckFailedException,
  ProvisionedThroughputExceededException,
  ResourceNotFoundException,
  TransactionCanceledException,
  TransactionConflictException,
  TransactionInProgressException,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { connect } from '../../lib/dynamodb/client.ts';
import { ConditionFailed, TransactionConditionFailed } from '../../lib/dynamodb/failures.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { Table } from '../../lib/dynamodb/table.ts';

/** What the engine can't show: DynamoDB Local never throttles, knows no conflicts and leaves nothing unprocessed. */

const client = mockClient(DynamoDBDocumentClient);
let meter: Meter;
let table: Table;

beforeEach(() => {
  client.reset();
  meter = new Meter();
  table = new Table({ client: connect(), meter, signal: AbortSignal.timeout(60_000) }, 'channels');
});

const fault = { message: 'x', $metadata: { httpStatusCode: 400 } };
const cancelled = (...codes: string[]) =>
  new TransactionCanceledException({ ...fault, CancellationReasons: codes.map((Code) => ({ Code })) });
const key = { pk: 'a', sk: 'b' };
const update = { Key: key, UpdateExpression: 'SET x = :x', ExpressionAttributeValues: { ':x': 1 } };
const put = { Put: { Item: { ...key, x: 1 } } };

describe('a failure', () => {
  test.each([
    ['throttling', new ProvisionedThroughputExceededException(fault), { code: 'too_many_requests' }],
    ['no connection', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), { code: 'unavailable' }],
    ['no answer in time', Object.assign(new Error('x'), { name: 'TimeoutError' }), { code: 'unavailable' }],
    [
      'an end to the request’s time',
      Object.assign(new Error('x'), { name: 'AbortError' }),
      { code: 'unavailable' },
    ],
    [
      'a fault of the service',
      Object.assign(new Error('x'), { $metadata: { httpStatusCode: 500 } }),
      { code: 'unavailable' },
    ],
  ])('of %s is said to the client', async (_, error, known) => {
    client.on(GetCommand).rejects(error);
    await expect(table.get(key)).rejects.toMatchObject(known);
  });

  test.each([
    new ResourceNotFoundException(fault),
    Object.assign(new Error('x'), { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } }),
    new TypeError('x'),
  ])('of ours stays what it is: %s', async (error) => {
    client.on(GetCommand).rejects(error);
    await expect(table.get(key)).rejects.toBe(error);
  });

  test('of a condition tells what stood in the way', async () => {
    const Item = { pk: { S: 'a' }, n: { N: '5' } };
    client.on(UpdateCommand).rejects(new ConditionalCheckFailedException({ ...fault, Item }));
    await expect(table.update(update)).rejects.toEqual(new ConditionFailed({ pk: 'a', n: 5 }));
  });

  test('of a condition in a transaction tells which, and is not tried again', async () => {
    const reasons = [
      { Code: 'None' },
      { Code: 'ConditionalCheckFailed', Item: { n: { N: '5' } } },
      { Code: 'TransactionConflict' },
    ];
    client
      .on(TransactWriteCommand)
      .rejects(new TransactionCanceledException({ ...fault, CancellationReasons: reasons }));
    const refused = await table.transact(() => [put]).catch((error) => error);
    expect(refused).toBeInstanceOf(TransactionConditionFailed);
    expect(refused.refusals).toEqual([undefined, { item: { n: 5 } }, undefined]);
    expect(client.calls()).toHaveLength(1);
  });

  test('to learn the end of a transaction that is still under way is no throttling, and nothing to write anew', async () => {
    client.on(TransactWriteCommand).rejects(new TransactionInProgressException(fault));
    await expect(table.transact(() => [put])).rejects.toMatchObject({ code: 'unavailable' });
    expect(client.calls()).toHaveLength(1);
  });

  test('of a transaction that can never pass is ours, and not tried again', async () => {
    const error = cancelled('ValidationError', 'TransactionConflict');
    client.on(TransactWriteCommand).rejects(error);
    await expect(table.transact(() => [put])).rejects.toBe(error);
    expect(client.calls()).toHaveLength(1);
  });
});

describe('contention', () => {
  test('is tried again, with writes drawn anew and a new token', async () => {
    client
      .on(TransactWriteCommand)
      .rejectsOnce(cancelled('TransactionConflict', 'None'))
      .rejectsOnce(cancelled('None', 'ThrottlingError'))
      .resolves({});
    let draws = 0;
    await table.transact(() => [{ Put: { Item: { ...key, draw: ++draws } } }]);
    const sent = client.commandCalls(TransactWriteCommand).map(({ args: [{ input }] }) => input);
    expect(sent.map(({ TransactItems }) => TransactItems?.[0]?.Put?.Item?.draw)).toEqual([1, 2, 3]);
    expect(new Set(sent.map(({ ClientRequestToken }) => ClientRequestToken)).size).toBe(3);
  });

  test('of an update in place is tried again', async () => {
    client
      .on(UpdateCommand)
      .rejectsOnce(new TransactionConflictException(fault))
      .resolves({ Attributes: { x: 1 } });
    expect(await table.update(update)).toEqual({ x: 1 });
  });

  test.each([
    ['conflicts', ['TransactionConflict', 'ThrottlingError'], 'conflict'],
    ['throttling', ['ThrottlingError', 'None'], 'too_many_requests'],
  ])('that does not end is given up after 7 tries: %s', async (_, codes, code) => {
    client.on(TransactWriteCommand).rejects(cancelled(...codes));
    await expect(table.transact(() => [put])).rejects.toMatchObject({ code });
    expect(client.calls()).toHaveLength(7);
  });

  test('at 30 % of all calls keeps nobody from writing', async () => {
    let random = 1;
    client.on(TransactWriteCommand).callsFake(() => {
      random = (random * 48_271) % 2_147_483_647;
      if (random % 10 < 3) throw cancelled('TransactionConflict');
      return {};
    });
    const written = await Promise.allSettled(
      Array.from({ length: 1_000 }, () => table.transact(() => [put])),
    );
    expect(written.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(999);
    expect(client.calls().length / 1_000).toBeLessThan(1.5);
  });

  test('ends with the request’s time', async () => {
    const hurried = new Table({ client: connect(), meter, signal: AbortSignal.abort() }, 'channels');
    client.on(TransactWriteCommand).rejects(cancelled('TransactionConflict'));
    await expect(hurried.transact(() => [put])).rejects.toMatchObject({ code: 'unavailable' });
    expect(client.calls()).toHaveLength(1);
  });
});

describe('reading many', () => {
  const keys = Array.from({ length: 150 }, (_, index) => ({ pk: 'a', sk: `${index}` }));

  test('asks again for what was left unprocessed, 100 at a time', async () => {
    client.on(BatchGetCommand).callsFake(({ RequestItems }) => {
      const asked = RequestItems.channels.Keys;
      const done = asked.slice(0, 60);
      const left = asked.slice(60);
      return {
        Responses: { channels: done },
        UnprocessedKeys: left.length ? { channels: { Keys: left } } : {},
      };
    });
    const items = await table.batchGet(keys);
    expect(items.map(({ sk }) => Number(sk)).sort((a, b) => a - b)).toEqual(keys.map((_, index) => index));
  });

  test('gives up when nothing gets done', async () => {
    client
      .on(BatchGetCommand)
      .callsFake(({ RequestItems }) => ({ Responses: {}, UnprocessedKeys: RequestItems }));
    await expect(table.batchGet(keys.slice(0, 2))).rejects.toMatchObject({ code: 'too_many_requests' });
  });

  test('tells of a page where it ends, and what it consumed', async () => {
    client.on(QueryCommand).resolves({
      Items: [key],
      Count: 1,
      LastEvaluatedKey: key,
      ConsumedCapacity: { CapacityUnits: 1.5 },
    });
    expect(await table.query({})).toEqual({ items: [key], count: 1, lastKey: key, units: 1.5 });
  });
});

describe('the meter', () => {
  test('sums calls, tries included, and units by their kind', async () => {
    client.on(QueryCommand).resolves({
      ConsumedCapacity: { CapacityUnits: 1.5 },
      $metadata: { attempts: 3 },
    });
    client
      .on(TransactWriteCommand)
      .resolves({ ConsumedCapacity: [{ CapacityUnits: 4 }, { CapacityUnits: 2 }] });
    client
      .on(GetCommand)
      .rejects(Object.assign(new Error('x'), { code: 'EPIPE', $metadata: { attempts: 4 } }));
    expect(meter.summary).toBeUndefined();
    await table.query({});
    await table.transact(() => [put]);
    await table.get(key).catch(() => {});
    expect(meter.summary).toBe('calls=8; rcu=1.5; wcu=6');
  });
});
