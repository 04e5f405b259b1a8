/** @jest-environment ./test/support/one-realm-environment.ts */
import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createFaultProxy } from '../support/fault-proxy.ts';
import { errorBody, failure } from '../support/matchers.ts';
import { useService } from '../support/use-service.ts';

const proxy = createFaultProxy();
const service = useService({ proxy, namespaces: ['company1'] });
let channel: { _id: string };

beforeAll(async () => {
  channel = (await service.call('POST /client-channel', { body: { name: 'x' } })).body.data;
  await service.call('GET /client-channel');
});
afterEach(() => {
  proxy.fault = () => 'none';
  jest.restoreAllMocks();
});

/** Collects the lines of the log instead of printing them. */
const captureLog = () => {
  const lines: string[] = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(`${text}`) > 0);
  return lines;
};

const exception = (name: string) => ({ __type: `com.amazonaws.dynamodb.v20120810#${name}` });

const callEveryOperation = () =>
  Promise.all([
    service.call('GET /client-channel'),
    service.call(`GET /client-channel/${channel._id}`),
    service.call('POST /client-channel', { body: { name: 'y' } }),
    service.call(`PUT /client-channel/${channel._id}`, { body: { integration_meta: { y: 1 } } }),
    service.call(`PUT /client-channel/${channel._id}`, { body: { name: 'y' } }),
    service.call(`DELETE /client-channel/${channel._id}`),
  ]);

const expectNothingWritten = async () => {
  proxy.fault = () => 'none';
  const { body } = await service.call('GET /client-channel');
  expect([body.pagination.total, body.data]).toEqual([1, [channel]]);
};

describe('every operation', () => {
  test('returns 429 while the table throttles, and writes nothing', async () => {
    captureLog();
    proxy.fault = () => exception('ProvisionedThroughputExceededException');

    const replies = await callEveryOperation();

    for (const reply of replies)
      expect(reply).toEqual(
        failure(429, 'too_many_requests', 'Too many requests at once: try again in a moment.', undefined, {
          'retry-after': '1',
          'x-consumed-capacity': expect.stringMatching(/^calls=\d+; rcu=0; wcu=0$/),
        }),
      );
    await expectNothingWritten();
  });

  test('returns 503 while DynamoDB resets connections, and works again afterwards', async () => {
    captureLog();
    proxy.fault = () => 'reset';

    const replies = await callEveryOperation();

    for (const reply of replies)
      expect(reply).toEqual(
        failure(503, 'unavailable', 'The service is not available now: try again in a moment.', undefined, {
          'retry-after': '2',
        }),
      );
    await expectNothingWritten();
  });

  test('returns 503 within 10 seconds while DynamoDB does not answer', async () => {
    captureLog();
    proxy.fault = () => 'hang';

    const startedAt = Date.now();
    const replies = await callEveryOperation();

    expect(Date.now() - startedAt).toBeLessThan(10_000);
    for (const reply of replies) expect(reply).toEqual(failure(503, 'unavailable'));
    await expectNothingWritten();
  });

  test('masks an internal error, and logs it under the request id that the client got', async () => {
    const lines = captureLog();
    proxy.fault = () =>
      ({ ...exception('ResourceNotFoundException'), message: 'table channels-secret' }) as never;

    const replies = await callEveryOperation();

    const logged = lines.map((text) => JSON.parse(text));
    for (const reply of replies) {
      expect(reply).toEqual(failure(500, 'internal_error', 'Something went wrong on our side.'));
      expect(logged.find(({ request_id }) => request_id === reply.body.request_id)).toMatchObject({
        level: 'ERROR',
        causes: [{ name: 'ResourceNotFoundException' }],
      });
    }
    await expectNothingWritten();
  });
});

test.each([
  ['POST', '/client-channel', { name: 'y' }],
  ['PUT', '/client-channel/ID', { name: 'y' }],
  ['DELETE', '/client-channel/ID', undefined],
])('%s returns 409 if other transactions conflict with every retry', async (method, path, body) => {
  proxy.fault = (operation) =>
    operation === 'TransactWriteItems'
      ? {
          ...exception('TransactionCanceledException'),
          CancellationReasons: [{ Code: 'TransactionConflict' }],
        }
      : 'none';

  const reply = await service.call(`${method} ${path.replace('ID', channel._id)}`, { body });

  expect(reply).toEqual(failure(409, 'conflict'));
  await expectNothingWritten();
});

test('a key gets 503, not 401, if its table cannot be reached', async () => {
  captureLog();
  const fresh = await service.newKey({ namespaces: ['company1'] });
  proxy.fault = () => 'reset';

  const reply = await service.call('GET /client-channel', { key: fresh });

  expect([reply.status, reply.body]).toEqual([503, errorBody('unavailable')]);
});
