import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { describeApi } from '../../lib/openapi/api-description.ts';
import { exampleAddress, introduction } from '../../lib/openapi/introduction.ts';
import { failure } from '../support/matchers.ts';
import { useService } from '../support/use-service.ts';

const service = useService();

const commonHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  vary: 'Accept-Encoding',
  'x-request-id': 'mine',
};
const headers = { 'x-request-id': 'mine' };

describe('GET /openapi.json', () => {
  test('returns the description to anyone, and reads no table', async () => {
    const reply = await service.call('GET /openapi.json', { headers });

    expect(reply).toEqual({
      status: 200,
      headers: expect.objectContaining({ ...commonHeaders, 'content-type': 'application/json' }),
      body: JSON.parse(JSON.stringify(describeApi())),
    });
    expect(reply.headers).not.toHaveProperty('x-consumed-capacity');
  });

  test('returns the same description with and without gzip', async () => {
    const zipped = await service.call('GET /openapi.json', { headers: { 'accept-encoding': 'gzip' } });
    const plain = await service.call('GET /openapi.json', { headers: { 'accept-encoding': 'identity' } });

    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(plain.headers).not.toHaveProperty('content-encoding');
    expect(plain.body).toEqual(zipped.body);
  });

  test('refuses query parameters', async () => {
    expect(await service.call('GET /openapi.json?a=1')).toEqual(
      failure(400, 'invalid_request', expect.any(String), [
        { path: 'a', message: 'is not a parameter of this operation' },
      ]),
    );
  });
});

describe('the introduction', () => {
  test('contains calls that can be pasted, one after the other, with the results that it promises', async () => {
    const [settings = '', ...calls] = [...introduction.matchAll(/~~~sh\n([^~]+)~~~/g)].map(
      ([, text]) => text,
    );
    const key = await service.newKey({ namespaces: ['introduction'] });
    const ownSettings = settings.replace(exampleAddress, service.url).replace('paste your key here', key);

    const replies: unknown[] = [];
    let createdId = '';
    for (const call of calls) {
      const ownCall = call?.replace('paste the _id of a channel here', createdId);
      const { stdout } = await promisify(execFile)('sh', ['-c', ownSettings + ownCall]);
      const reply = JSON.parse(stdout);
      createdId = reply.data?._id ?? createdId;
      replies.push(reply);
    }

    const created = {
      name: 'Retail Channel',
      local_name: 'قناة التجزئة',
      integration_meta: { external_id: 'ch_123' },
    };
    const none = { success: true, data: [], pagination: expect.objectContaining({ total: 0 }) };
    const one = {
      ...none,
      data: [expect.objectContaining(created)],
      pagination: expect.objectContaining({ total: 1 }),
    };
    expect(replies).toEqual([
      none,
      { ...none, pagination: expect.objectContaining({ per_page: 100 }) },
      { ...none, pagination: { per_page: 100, next_cursor: expect.any(String), has_more: true } },
      expect.objectContaining({
        code: 'invalid_request',
        details: [expect.objectContaining({ path: 'serch' })],
      }),
      { success: true, data: expect.objectContaining(created) },
      {
        success: true,
        data: [
          expect.objectContaining({ result: 'unchanged', channel: expect.objectContaining(created) }),
          { index: 1, result: 'unchanged' },
        ],
        summary: { created: 0, updated: 0, unchanged: 2, deleted: 0, failed: 0 },
      },
      // This service does not run the function that writes versions.
      { success: true, data: [], pagination: { per_page: 25, has_more: false } },
      one,
      { ...one, pagination: expect.objectContaining({ per_page: 100, total: 1 }) },
      one,
      { data: [] },
    ]);
  });
});

describe('GET /docs', () => {
  test('returns a page whose content security policy allows nothing from other hosts', async () => {
    const reply = await service.call('GET /docs', { headers });

    expect(reply.status).toBe(200);
    expect(reply.headers).toMatchObject({ ...commonHeaders, 'content-type': 'text/html; charset=utf-8' });
    expect(reply.headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'sha256-\S+' 'sha256-\S+'; style-src 'sha256-\S+'; img-src data:; connect-src 'self';/,
    );
    expect(reply.headers).not.toHaveProperty('x-consumed-capacity');
  });

  test('returns the same page with and without gzip, and the page loads nothing from elsewhere', async () => {
    const zipped = await service.call('GET /docs', { headers: { 'accept-encoding': 'gzip' } });
    const plain = await service.call('GET /docs', { headers: { 'accept-encoding': 'identity' } });

    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(plain.headers).not.toHaveProperty('content-encoding');
    expect(plain.body === zipped.body).toBe(true);
    expect(plain.body).not.toMatch(/<(?:script|link|img)[^>]+(?:src|href)="(?!data:)/);
  });
});
