import { randomUUID } from 'node:crypto';
/** @jest-environment ./test/support/one-realm-environment.ts */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type ApiKey, createApiKey, formatApiKey } from '../../lib/auth/api-key.ts';
import { saveApiKey } from '../../lib/auth/api-key-store.ts';
import { authenticate } from '../../lib/auth/authenticate.ts';
import { connect } from '../../lib/dynamodb/client.ts';
import { Unavailable } from '../../lib/dynamodb/failures.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { apiKeysTable } from '../../lib/manifest/tables.ts';
import { mapConcurrently } from '../../lib/map-concurrently.ts';
import { createTables } from '../../local/create-tables.ts';
import { useDynamoDb } from '../support/test-dynamodb.ts';

/** How requests share and cache the reads of API keys, on DynamoDB Local. */

let client: DynamoDBDocumentClient;
let key: ApiKey;
const newGate = () => {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
};
/** Holds reads of the table back until it opens. */
let gate = newGate();
let readCount = 0;

const tableName = `keys-${randomUUID()}`;

useDynamoDb(() => createTables(new DynamoDBClient({}), { [tableName]: apiKeysTable }));

beforeAll(() => {
  client = connect();
  client.middlewareStack.add(
    (next) => async (args) => {
      readCount++;
      await gate.opened;
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
});
beforeEach(async () => {
  gate = newGate();
  readCount = 0;
  key = createApiKey('test');
  const open = new Table(
    { client: connect(), meter: new Meter(), signal: AbortSignal.timeout(600_000) },
    tableName,
  );
  await saveApiKey(open, key, { namespaces: ['a'], scopes: ['channels:read'] });
});

const send = (signal = AbortSignal.timeout(600_000), sent = key) => {
  const meter = new Meter();
  const caller = authenticate(
    { 'api-key': formatApiKey(sent) },
    'channels:read',
    'test',
    new Table({ client, meter, signal }, tableName),
  );
  return { caller, meter };
};
const firstRead = async () => {
  while (!readCount) await new Promise(setImmediate);
};
const callsOf = ({ meter }: ReturnType<typeof send>) => meter.totals.calls;
const caller = () => ({
  keyId: key.id,
  namespace: 'a',
  namespaces: ['a'],
  key: expect.objectContaining({ id: key.id, scopes: ['channels:read'] }),
});

describe('concurrent requests with one key', () => {
  test('share one read of the table, which counts as consumed by the first', async () => {
    const requests = [send(), send(), send()];
    await firstRead();
    gate.open();
    expect(await Promise.all(requests.map((each) => each.caller))).toEqual([caller(), caller(), caller()]);
    expect(requests.map(callsOf)).toEqual([1, 0, 0]);
    const later = send();
    expect(await later.caller).toEqual(caller());
    expect(callsOf(later)).toBe(0);
  });

  test('do not share a failed read: if the first request runs out of time, the others still succeed', async () => {
    const hurried = new AbortController();
    const [first, ...others] = [send(hurried.signal), send(), send()];
    await firstRead();
    hurried.abort();
    gate.open();
    await expect(first?.caller).rejects.toBeInstanceOf(Unavailable);
    expect(await Promise.all(others.map((each) => each.caller))).toEqual([caller(), caller()]);
    expect(others.map(callsOf)).toEqual([1, 1]);
  });
});

describe('the cache of keys', () => {
  test('holds 1,000 keys: looking up more, even unknown ones, removes the one that was read first', async () => {
    gate.open();
    // The clock stands still, so that no key leaves the cache because of its age.
    const clock = jest.spyOn(performance, 'now').mockReturnValue(performance.now());
    const lookUpOthers = async (count: number) => {
      const guessed = Array.from({ length: count }, () => createApiKey('test'));
      await mapConcurrently(guessed, 10, (each) =>
        expect(send(undefined, each).caller).rejects.toMatchObject({ code: 'unauthenticated' }),
      );
    };
    await send().caller;

    await lookUpOthers(999);
    const cached = send();
    await cached.caller;
    await lookUpOthers(1);
    const evicted = send();

    expect(await evicted.caller).toEqual(caller());
    expect([cached, evicted].map(callsOf)).toEqual([0, 1]);
    clock.mockRestore();
  });
});
