/** @jest-environment ./test/support/one-realm-environment.ts */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { saveApiKey } from '../../lib/auth/api-key-store.ts';
import { type ApiKey, createApiKey, formatApiKey } from '../../lib/auth/api-key.ts';
import { authenticate } from '../../lib/auth/authenticate.ts';
import { connect } from '../../lib/dynamodb/client.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { apiKeysTable } from '../../lib/manifest/tables.ts';
import { createTables } from '../../local/create-tables.ts';
import type { DynamoDbLocal } from '../../local/dynamodb-local.ts';
import { startTestDynamoDb } from '../support/test-dynamodb.ts';

/** Requests that come while a key is being looked up, on the real engine. */

let engine: DynamoDbLocal;
let client: DynamoDBDocumentClient;
let key: ApiKey;
const newGate = () => {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
};
/** Holds lookups back until it is opened. */
let gate = newGate();
let arrivals = 0;

beforeAll(async () => {
  engine = await startTestDynamoDb();
  await createTables(new DynamoDBClient({}), { keys: apiKeysTable });
  client = connect();
  client.middlewareStack.add(
    (next) => async (args) => {
      arrivals++;
      await gate.opened;
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
});
afterAll(() => engine.stop());
beforeEach(async () => {
  gate = newGate();
  arrivals = 0;
  key = createApiKey('test');
  const open = new Table({ client: connect(), meter: new Meter(), signal: AbortSignal.timeout(60_000) }, 'keys');
  await saveApiKey(open, key, { namespaces: ['a'], scopes: ['channels:read'] });
});

const ask = (signal = AbortSignal.timeout(60_000)) => {
  const meter = new Meter();
  const caller = authenticate(
    { 'api-key': formatApiKey(key) },
    'channels:read',
    'test',
    new Table({ client, meter, signal }, 'keys'),
  );
  return { caller, meter };
};
const aLookup = async () => {
  while (!arrivals) await new Promise(setImmediate);
};
const callsOf = ({ meter }: ReturnType<typeof ask>) => meter.totals.calls;
const caller = () => ({ keyId: key.id, namespace: 'a', namespaces: ['a'] });

describe('requests that come while their key is being looked up', () => {
  test('share that lookup, and the first pays for it', async () => {
    const asked = [ask(), ask(), ask()];
    await aLookup();
    gate.open();
    expect(await Promise.all(asked.map((each) => each.caller))).toEqual([caller(), caller(), caller()]);
    expect(asked.map(callsOf)).toEqual([1, 0, 0]);
    const later = ask();
    expect(await later.caller).toEqual(caller());
    expect(callsOf(later)).toBe(0);
  });

  test('do not share its failure: the end of one request’s time is not the others’', async () => {
    const impatient = new AbortController();
    const [first, ...others] = [ask(impatient.signal), ask(), ask()];
    await aLookup();
    impatient.abort();
    gate.open();
    await expect(first?.caller).rejects.toMatchObject({ code: 'unavailable' });
    expect(await Promise.all(others.map((each) => each.caller))).toEqual([caller(), caller()]);
    expect(others.map(callsOf)).toEqual([1, 1]);
  });
});
