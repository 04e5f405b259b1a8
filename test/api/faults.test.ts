/** @jest-environment ./test/support/one-realm-environment.ts */
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type FaultyLine, startFaultyLine } from '../support/fault-proxy.ts';
import { type Service, startService } from '../support/service.ts';
import { errorBody } from '../support/matchers.ts';

let line: FaultyLine;
let service: Service;
let key: string;
let id: string;

beforeAll(async () => {
  service = await startService(async (engine) => {
    line = await startFaultyLine(engine);
    return line.endpoint;
  });
  key = await service.newKey({ namespaces: ['company1'] });
  id = (await service.call('POST /client-channel', { key, body: { name: 'x' } })).body.data._id;
  await service.call('GET /client-channel', { key });
});
afterAll(async () => {
  await service.stop();
  line.close();
});
afterEach(() => {
  line.fault = () => 'none';
  jest.restoreAllMocks();
});

const logged = () => {
  const lines: string[] = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(`${text}`) > 0);
  return lines;
};
const exception = (name: string) => ({ __type: `com.amazonaws.dynamodb.v20120810#${name}` });
const everyOperation = () =>
  Promise.all([
    service.call('GET /client-channel', { key }),
    service.call(`GET /client-channel/${id}`, { key }),
    service.call('POST /client-channel', { key, body: { name: 'y' } }),
    service.call(`PUT /client-channel/${id}`, { key, body: { local_name: 'y' } }),
    service.call(`PUT /client-channel/${id}`, { key, body: { name: 'y' } }),
    service.call(`DELETE /client-channel/${id}`, { key }),
  ]);
const nothingWritten = async () => {
  line.fault = () => 'none';
  const { body } = await service.call('GET /client-channel', { key });
  expect([body.pagination.total, body.data]).toEqual([1, [expect.objectContaining({ _id: id, __v: 0 })]]);
};

describe('every operation', () => {
  test('answers 429 while the table throttles, and writes nothing', async () => {
    logged();
    line.fault = () => exception('ProvisionedThroughputExceededException');
    for (const reply of await everyOperation())
      expect(reply).toMatchObject({
        status: 429,
        headers: {
          'retry-after': '1',
          'x-consumed-capacity': expect.stringMatching(/^calls=\d+; rcu=0; wcu=0$/),
        },
        body: errorBody('too_many_requests', 'Too many requests at once: try again in a moment.'),
      });
    await nothingWritten();
  });

  test('answers 503 while the table resets connections, and works again when it is back', async () => {
    logged();
    line.fault = () => 'reset';
    for (const reply of await everyOperation())
      expect(reply).toMatchObject({
        status: 503,
        headers: { 'retry-after': '2' },
        body: errorBody('unavailable', 'The service is not available now: try again in a moment.'),
      });
    await nothingWritten();
  });

  test('answers 503 within 10 seconds while the table hangs', async () => {
    logged();
    line.fault = () => 'hang';
    const begun = Date.now();
    for (const reply of await everyOperation())
      expect(reply).toMatchObject({ status: 503, body: errorBody('unavailable') });
    expect(Date.now() - begun).toBeLessThan(10_000);
    await nothingWritten();
  });

  test('masks a fault of ours, and logs it under the id that the client was given', async () => {
    const lines = logged();
    line.fault = () =>
      ({ ...exception('ResourceNotFoundException'), message: 'table channels-secret' }) as never;
    for (const reply of await everyOperation()) {
      expect(reply).toMatchObject({
        status: 500,
        body: errorBody('internal_error', 'Something went wrong on our side.'),
      });
      const line = lines
        .map((text) => JSON.parse(text))
        .find((entry) => entry.request_id === reply.body.request_id);
      expect(line).toMatchObject({ level: 'ERROR', causes: [{ name: 'ResourceNotFoundException' }] });
    }
    await nothingWritten();
  });
});

test('a write answers 409 when other transactions keep getting in the way', async () => {
  line.fault = (operation) =>
    operation === 'TransactWriteItems'
      ? {
          ...exception('TransactionCanceledException'),
          CancellationReasons: [{ Code: 'TransactionConflict' }],
        }
      : 'none';
  for (const [route, body] of [
    ['POST /client-channel', { name: 'y' }],
    [`PUT /client-channel/${id}`, { name: 'y' }],
    [`DELETE /client-channel/${id}`, undefined],
  ] as const)
    expect(await service.call(route, { key, body })).toMatchObject({
      status: 409,
      body: errorBody('conflict'),
    });
  await nothingWritten();
});

test('a key can’t be checked while its table is out of reach: that is 503, not 401', async () => {
  logged();
  const fresh = await service.newKey({ namespaces: ['company1'] });
  line.fault = () => 'reset';
  expect(await service.call('GET /client-channel', { key: fresh })).toMatchObject({
    status: 503,
    body: errorBody('unavailable'),
  });
});
