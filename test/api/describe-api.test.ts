import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeApi } from '../../lib/openapi/api-description.ts';
import { type Service, startService } from '../support/service.ts';
import { errorBody } from '../support/matchers.ts';

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const common = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-request-id': 'mine',
};
const headers = { 'x-request-id': 'mine' };

describe('GET /openapi.json', () => {
  test('gives the description to anyone, and touches no table', async () => {
    const reply = await service.call('GET /openapi.json', { headers });
    expect(reply).toEqual({
      status: 200,
      headers: expect.objectContaining({ ...common, 'content-type': 'application/json' }),
      body: JSON.parse(JSON.stringify(describeApi())),
    });
    expect(reply.headers).not.toHaveProperty('x-consumed-capacity');
  });

  test('takes no parameters', async () => {
    const { status, body } = await service.call('GET /openapi.json?a=1');
    expect([status, body]).toEqual([
      400,
      errorBody('invalid_request', expect.any(String), [
        { path: 'a', message: 'is not a parameter of this operation' },
      ]),
    ]);
  });
});

describe('GET /docs', () => {
  test('is one page that lets in nothing from elsewhere', async () => {
    const reply = await service.call('GET /docs', { headers });
    expect(reply.status).toBe(200);
    expect(reply.headers).toMatchObject({ ...common, 'content-type': 'text/html; charset=utf-8' });
    expect(reply.headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'sha256-\S+' 'sha256-\S+'; style-src 'sha256-\S+'; img-src data:; connect-src 'self';/,
    );
    expect(reply.headers).not.toHaveProperty('x-consumed-capacity');
  });

  test('is the same with and without gzip', async () => {
    const zipped = await service.call('GET /docs', { headers: { 'accept-encoding': 'gzip' } });
    const plain = await service.call('GET /docs', { headers: { 'accept-encoding': 'identity' } });
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(plain.headers).not.toHaveProperty('content-encoding');
    expect(plain.body === zipped.body).toBe(true);
    expect(plain.body).not.toMatch(/<(?:script|link|img)[^>]+(?:src|href)="(?!data:)/);
  });
});
