import { beforeAll, describe, expect, test } from '@jest/globals';
import { anId, aTime, errorBody } from './matchers.ts';
import type { Service } from './service.ts';

/** A running service, on one machine or deployed. */
export type Target = Pick<Service, 'call' | 'newKey'>;

/** Tests the operations as a client sees them. The same suite runs on one machine and against a deployment. */
export const testOperations = (target: () => Target): void => {
  const namespace = `suite-${Date.now()}`;
  let key: string;
  let reader: string;
  const call = (route: string, body?: unknown, headers: Record<string, string> = {}) =>
    target().call(route, { key, headers, ...(body !== undefined && { body }) });

  beforeAll(async () => {
    key = await target().newKey({ namespaces: [namespace] });
    reader = await target().newKey({ namespaces: [namespace], scopes: ['channels:read'] });
  });

  describe('the operations', () => {
    test('create, get, update, list, delete and restore a channel', async () => {
      const input = { name: 'Retail قناة', integration_meta: { external_id: 'ch_1', 'a.b': [1e21, null] } };

      const created = await call('POST /client-channel', input);
      const { _id } = created.body.data;
      const document = {
        ...input,
        _id: anId,
        disabled: false,
        company_namespace: [namespace],
        createdAt: aTime,
        updatedAt: aTime,
        __v: 0,
      };
      expect(created).toMatchObject({
        status: 201,
        headers: { etag: '"0"', location: `client-channel/${_id}`, 'cache-control': 'no-store' },
        body: { success: true, data: document },
      });

      const read = await call(`GET /client-channel/${_id}`);
      expect(read).toMatchObject({ status: 200, headers: { etag: '"0"' }, body: { data: document } });
      const notModified = await call(`GET /client-channel/${_id}`, undefined, { 'if-none-match': '"0"' });
      expect(notModified).toMatchObject({ status: 304, body: '' });

      const renamed = await call(`PUT /client-channel/${_id}`, { name: 'Wholesale' }, { 'if-match': '"0"' });
      expect(renamed).toMatchObject({ status: 200, body: { data: { name: 'Wholesale', __v: 1 } } });
      const stale = await call(`PATCH /client-channel/${_id}`, { disabled: true }, { 'if-match': '"0"' });
      expect(stale).toMatchObject({ status: 412, body: errorBody('precondition_failed') });
      const toggled = await call(`PATCH /client-channel/${_id}`, { disabled: true });
      expect(toggled).toMatchObject({ status: 200, body: { data: { disabled: true, __v: 2 } } });

      const listed = await call('GET /client-channel?disabled=true&search=whole');
      expect(listed.body).toMatchObject({ data: [toggled.body.data], pagination: { total: 1 } });
      const deleted = await call(`DELETE /client-channel/${_id}`);
      expect(deleted).toMatchObject({ status: 200, body: { data: { _id, __v: 2 } } });
      expect(await call(`GET /client-channel/${_id}`)).toMatchObject({
        status: 404,
        body: errorBody('not_found'),
      });

      const restored = await call(`POST /client-channel/${_id}/restore`);
      expect(restored).toMatchObject({ status: 200, headers: { etag: '"4"' } });
      expect(restored.body.data).toEqual({ ...toggled.body.data, updatedAt: aTime, __v: 4 });
      await call(`DELETE /client-channel/${_id}`);
    });

    test('describe themselves to anyone, and can be tried on a page', async () => {
      const description = await target().call('GET /openapi.json');
      const page = await target().call('GET /docs');
      const root = await target().call('GET /');

      expect(description).toMatchObject({ status: 200, body: { openapi: expect.stringMatching(/^3\.1/) } });
      expect(page).toMatchObject({
        status: 200,
        headers: { 'content-type': 'text/html; charset=utf-8' },
        body: expect.stringContaining('SwaggerUIBundle'),
      });
      // The client follows the redirect.
      expect(root.body === page.body).toBe(true);
    });

    test('list all channels by cursor, with an exact total on every page', async () => {
      const created: string[] = [];
      for (const name of ['one', 'two', 'three'])
        created.push((await call('POST /client-channel', { name })).body.data._id);

      const listed: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await call(`GET /client-channel?per_page=2${cursor ? `&cursor=${cursor}` : ''}`);
        expect(page).toMatchObject({ status: 200, body: { pagination: { total: 3 } } });
        listed.push(...page.body.data.map(({ _id }: { _id: string }) => _id));
        cursor = page.body.pagination.next_cursor;
      } while (cursor);

      expect(listed).toEqual(created);
      for (const id of created) await call(`DELETE /client-channel/${id}`);
    });

    test('create one channel for two requests with the same Idempotency-Key', async () => {
      const headers = { 'idempotency-key': `${namespace}-once` };

      const first = await call('POST /client-channel', { name: 'once' }, headers);
      const second = await call('POST /client-channel', { name: 'once' }, headers);
      const other = await call('POST /client-channel', { name: 'other' }, headers);

      expect(second).toMatchObject({ status: 201, headers: { 'idempotency-replayed': 'true' } });
      expect(second.body).toEqual(first.body);
      expect(other).toMatchObject({ status: 422, body: errorBody('idempotency_key_reused') });
      await call(`DELETE /client-channel/${first.body.data._id}`);
    });

    test('refuse wrong requests, each with its code and the id of the request', async () => {
      const asReader = await target().call('POST /client-channel', { key: reader, body: { name: 'x' } });
      const withoutKey = await target().call('GET /client-channel');

      expect(asReader).toMatchObject({ status: 403, body: errorBody('forbidden') });
      expect(withoutKey).toMatchObject({ status: 401, body: errorBody('unauthenticated') });
      for (const [route, body, headers, status, code] of [
        ['POST /client-channel', { nam: 'x' }, {}, 400, 'invalid_request'],
        ['POST /client-channel', '{"name":', {}, 400, 'invalid_json'],
        ['POST /client-channel', 'x', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
        ['GET /client-channel?serch=x', undefined, {}, 400, 'invalid_request'],
        ['GET /client-channel?cursor=x', undefined, {}, 400, 'invalid_cursor'],
        ['GET /client-channel/nothing', undefined, {}, 404, 'not_found'],
        ['PUT /client-channel/6b05493c017b3b5072f060e2', { name: 'x' }, {}, 404, 'not_found'],
      ] as const) {
        const reply = await call(route, body, { ...headers, 'x-request-id': `wrong-${code}` });
        expect(reply).toMatchObject({ status, headers: { 'x-request-id': `wrong-${code}` } });
        expect(reply.body).toMatchObject({ success: false, code, request_id: `wrong-${code}` });
      }
    });
  });
};
