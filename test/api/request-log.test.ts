import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Service, startService } from '../support/service.ts';
import { aTime } from '../support/matchers.ts';

let service: Service;
let key: string;
const secret = 'a secret name';

beforeAll(async () => {
  process.env.LOG_REQUESTS = 'on';
  service = await startService();
  key = await service.newKey({ namespaces: ['company1'], scopes: ['channels:read', 'channels:write'] });
});
afterEach(() => {
  jest.restoreAllMocks();
});
afterAll(() => service.stop());

const linesOf = async (ask: () => Promise<unknown>) => {
  const written = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  await ask();
  return written.mock.calls.map(([text]) => JSON.parse(`${text}`));
};

describe('the line of a request', () => {
  it('says who asked for what, how it went and what it cost', async () => {
    const headers = { 'x-request-id': 'mine' };
    const lines = await linesOf(() =>
      service.call('POST /client-channel', { key, headers, body: { name: secret } }),
    );
    expect(lines).toEqual([
      {
        timestamp: aTime,
        level: 'INFO',
        request_id: 'mine',
        gateway_request_id: expect.stringMatching(/.+/),
        key_id: key.split('_')[2],
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

  it('is written of refused requests too, and names nobody who was not let in', async () => {
    const lines = await linesOf(() =>
      service.call('GET /client-channel/6b05493c017b3b5072f060e2', { key: `${key}x` }),
    );
    expect(lines).toEqual([
      expect.objectContaining({ operation: 'get-channel', status: 401, calls: 0, rcu: 0, wcu: 0 }),
    ]);
    expect(lines[0]).not.toHaveProperty('key_id');
  });

  it('never holds a key, a query or a body', async () => {
    const lines = await linesOf(async () => {
      await service.call('POST /client-channel', { key, body: { name: secret } });
      await service.call(`GET /client-channel?name=${encodeURIComponent(secret)}`, { key });
      await service.call(`GET /client-channel?api_key=${key}`);
    });
    expect(lines.map(({ status }) => status)).toEqual([201, 200, 401]);
    const text = JSON.stringify(lines);
    expect(text).not.toContain(secret);
    expect(text).not.toContain(key.split('_')[3]);
  });
});
