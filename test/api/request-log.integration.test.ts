import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { aTime } from '../support/matchers.ts';
import { useService } from '../support/use-service.ts';

// The functions read this when they are imported, which `useService` does later.
process.env.LOG_REQUESTS = 'on';

const service = useService({ namespaces: ['company1'] });
const secretName = 'a secret name';

afterEach(() => {
  jest.restoreAllMocks();
});

const logLinesOf = async (run: () => Promise<unknown>) => {
  const written = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  await run();
  return written.mock.calls.map(([text]) => JSON.parse(`${text}`));
};

describe('the log line of a request', () => {
  test('contains the caller, the operation, the result and the cost', async () => {
    const headers = { 'x-request-id': 'mine' };

    const lines = await logLinesOf(() =>
      service.call('POST /client-channel', { headers, body: { name: secretName } }),
    );

    expect(lines).toEqual([
      {
        timestamp: aTime,
        level: 'INFO',
        request_id: 'mine',
        gateway_request_id: expect.stringMatching(/.+/),
        key_id: service.key.split('_')[2],
        namespace: 'company1',
        operation: 'create-channel',
        status: 201,
        duration_ms: expect.any(Number),
        calls: 2,
        rcu: 1,
        wcu: expect.any(Number),
      },
    ]);
  });

  test('is written for refused requests too, and names no key if the key was not accepted', async () => {
    const lines = await logLinesOf(() =>
      service.call('GET /client-channel/6b05493c017b3b5072f060e2', { key: `${service.key}x` }),
    );

    expect(lines).toEqual([
      expect.objectContaining({ operation: 'get-channel', status: 401, calls: 0, rcu: 0, wcu: 0 }),
    ]);
    expect(lines[0]).not.toHaveProperty('key_id');
  });

  test('never contains a secret of a key, a query or a body', async () => {
    const { key } = service;

    const lines = await logLinesOf(async () => {
      await service.call('POST /client-channel', { body: { name: secretName } });
      await service.call(`GET /client-channel?name=${encodeURIComponent(secretName)}`);
      await service.call(`GET /client-channel?api_key=${key}`, { key: 'none' });
    });

    expect(lines.map(({ status }) => status)).toEqual([201, 200, 401]);
    const text = JSON.stringify(lines);
    expect(text).not.toContain(secretName);
    expect(text).not.toContain(key.split('_')[3]);
  });
});
