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
  ScanCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { connect } from '../../lib/dynamodb/client.ts';
import {
  ConditionFailed,
  Throttled,
  TransactionConditionFailed,
  Unavailable,
  WriteContention,
} from '../../lib/dynamodb/failures.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { Table } from '../../lib/dynamodb/table.ts';

// DynamoDB Local never throttles, has no conflicts and leaves no keys unprocessed. So the document client is mocked here.

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

describe('an error of the SDK', () => {
  test.each([
    ['throttling', new ProvisionedThroughputExceededException(fault), Throttled],
    ['no connection', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), Unavailable],
    ['no response in time', Object.assign(new Error('x'), { name: 'TimeoutError' }), Unavailable],
    ['the deadline of the request', Object.assign(new Error('x'), { name: 'AbortError' }), Unavailable],
    ['a 500 of DynamoDB', Object.assign(new Error('x'), { $metadata: { httpStatusCode: 500 } }), Unavailable],
  ])('for %s becomes its own class', async (_, error, expected) => {
    client.on(GetCommand).rejects(error);
    await expect(table.get(key)).rejects.toBeInstanceOf(expected);
  });

  test.each([
    ['a missing table', new ResourceNotFoundException(fault)],
    [
      'a missing permission',
      Object.assign(new Error('x'), { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } }),
    ],
    ['a bug', new TypeError('x')],
  ])('for %s stays the same', async (_, error) => {
    client.on(GetCommand).rejects(error);
    await expect(table.get(key)).rejects.toBe(error);
  });

  test('for a condition carries the item that did not meet it', async () => {
    const Item = { pk: { S: 'a' }, n: { N: '5' } };
    client.on(UpdateCommand).rejects(new ConditionalCheckFailedException({ ...fault, Item }));
    await expect(table.update(update)).rejects.toEqual(new ConditionFailed({ pk: 'a', n: 5 }));
  });

  test('for a condition in a transaction names the condition, and the transaction is not retried', async () => {
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
    expect(refused.conditionFailures).toEqual([undefined, { item: { n: 5 } }, undefined]);
    expect(client.calls()).toHaveLength(1);
  });

  test('for a transaction that is still in progress becomes Unavailable, and the transaction is not retried', async () => {
    client.on(TransactWriteCommand).rejects(new TransactionInProgressException(fault));
    await expect(table.transact(() => [put])).rejects.toBeInstanceOf(Unavailable);
    expect(client.calls()).toHaveLength(1);
  });

  test('for a transaction that can never succeed stays the same, and the transaction is not retried', async () => {
    const error = cancelled('ValidationError', 'TransactionConflict');
    client.on(TransactWriteCommand).rejects(error);
    await expect(table.transact(() => [put])).rejects.toBe(error);
    expect(client.calls()).toHaveLength(1);
  });
});

describe('contention with other writers', () => {
  test('retries a transaction, with newly made writes and a new token', async () => {
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

  test('retries an update in place', async () => {
    client
      .on(UpdateCommand)
      .rejectsOnce(new TransactionConflictException(fault))
      .resolves({ Attributes: { x: 1 } });
    expect(await table.update(update)).toEqual({ x: 1 });
  });

  test.each([
    ['conflicts', ['TransactionConflict', 'ThrottlingError'], WriteContention],
    ['throttling', ['ThrottlingError', 'None'], Throttled],
  ])('throws after 7 attempts: %s', async (_, codes, expected) => {
    client.on(TransactWriteCommand).rejects(cancelled(...codes));
    await expect(table.transact(() => [put])).rejects.toBeInstanceOf(expected);
    expect(client.calls()).toHaveLength(7);
  });

  test('in 30 % of all calls makes no writer fail', async () => {
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

  test('is not retried after the deadline of the request', async () => {
    const tableAfterDeadline = new Table(
      { client: connect(), meter, signal: AbortSignal.abort() },
      'channels',
    );
    client.on(TransactWriteCommand).rejects(cancelled('TransactionConflict'));
    await expect(tableAfterDeadline.transact(() => [put])).rejects.toBeInstanceOf(Unavailable);
    expect(client.calls()).toHaveLength(1);
  });
});

describe('reading many items', () => {
  const keys = Array.from({ length: 150 }, (_, index) => ({ pk: 'a', sk: `${index}` }));

  test('reads 100 keys at a time, and reads unprocessed keys again', async () => {
    client.on(BatchGetCommand).callsFake(({ RequestItems }) => {
      const requested = RequestItems.channels.Keys;
      const processed = requested.slice(0, 60);
      const unprocessed = requested.slice(60);
      return {
        Responses: { channels: processed },
        UnprocessedKeys: unprocessed.length ? { channels: { Keys: unprocessed } } : {},
      };
    });
    const items = await table.batchGet(keys);
    expect(items.map(({ sk }) => Number(sk)).sort((a, b) => a - b)).toEqual(keys.map((_, index) => index));
  });

  test('throws Throttled if no key gets processed', async () => {
    client
      .on(BatchGetCommand)
      .callsFake(({ RequestItems }) => ({ Responses: {}, UnprocessedKeys: RequestItems }));
    await expect(table.batchGet(keys.slice(0, 2))).rejects.toBeInstanceOf(Throttled);
  });

  // DynamoDB refuses a strongly consistent read of an index.
  test.each([
    ['a whole table, strongly consistent', undefined, true],
    ['a whole index, which may be behind', 'byName', false],
  ])('scans %s', async (_, index, consistent) => {
    client.on(ScanCommand).resolves({ Items: [key] });
    const items = [];
    for await (const item of table.scan(index)) items.push(item);
    expect(items).toEqual([key]);
    expect(client.commandCalls(ScanCommand)[0]?.args[0].input).toMatchObject({
      IndexName: index,
      ConsistentRead: consistent,
    });
  });

  test('returns the items of a page, its last key and the units that it consumed', async () => {
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
  test('sums up calls, including retries of the SDK, and units by their kind', async () => {
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
