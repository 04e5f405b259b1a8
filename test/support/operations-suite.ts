import { beforeAll, describe, expect, it } from '@jest/globals';
import { anId, aTime, errorBody } from './matchers.ts';
import type { Service } from './service.ts';

/** What runs the service, wherever it does. */
export type Target = Pick<Service, 'call' | 'newKey'>;

/** All five operations as a client sees them, whatever serves them: the same suite asks one machine and a deployment. */
export const testOperations = (target: () => Target): void => {
  const namespace = `suite-${Date.now()}`;
  let key: string;
  let reader: string;
  const ask = (route: string, body?: unknown, headers: Record<string, string> = {}) =>
    target().call(route, { key, headers, ...(body !== undefined && { body }) });

  beforeAll(async () => {
    key = await target().newKey({ namespaces: [namespace] });
    reader = await target().newKey({ namespaces: [namespace], scopes: ['channels:read'] });
  });

  describe('the operations', () => {
    it('create, get, update, list and delete a channel', async () => {
      const draft = { name: 'Retail قناة', integration_meta: { external_id: 'ch_1', 'a.b': [1e21, null] } };
      const created = await ask('POST /client-channel', draft);
      const { _id } = created.body.data;
      const document = {
        ...draft,
        _id: anId,
        disabled: false,
        company_namespace: [namespace],
        createdAt: aTime,
        updatedAt: aTime,
        __v: 0,
      };
      expect(created).toMatchObject({
        status: 201,
        headers: { etag: '"0"', location: `/client-channel/${_id}`, 'cache-control': 'no-store' },
        body: { success: true, data: document },
      });

      const got = await ask(`GET /client-channel/${_id}`);
      expect(got).toMatchObject({ status: 200, headers: { etag: '"0"' }, body: { data: document } });
      const known = await ask(`GET /client-channel/${_id}`, undefined, { 'if-none-match': '"0"' });
      expect(known).toMatchObject({ status: 304, body: '' });

      const renamed = await ask(`PUT /client-channel/${_id}`, { name: 'Wholesale' }, { 'if-match': '"0"' });
      expect(renamed).toMatchObject({ status: 200, body: { data: { name: 'Wholesale', __v: 1 } } });
      const late = await ask(`PATCH /client-channel/${_id}`, { disabled: true }, { 'if-match': '"0"' });
      expect(late).toMatchObject({ status: 412, body: errorBody('precondition_failed') });
      const toggled = await ask(`PATCH /client-channel/${_id}`, { disabled: true });
      expect(toggled).toMatchObject({ status: 200, body: { data: { disabled: true, __v: 2 } } });

      const listed = await ask('GET /client-channel?disabled=true&search=whole');
      expect(listed.body).toMatchObject({ data: [toggled.body.data], pagination: { total: 1 } });
      const gone = await ask(`DELETE /client-channel/${_id}`);
      expect(gone).toMatchObject({ status: 200, body: { data: { _id, __v: 2 } } });
      expect(await ask(`GET /client-channel/${_id}`)).toMatchObject({
        status: 404,
        body: errorBody('not_found'),
      });
    });

    it('describe themselves to anyone, and can be tried on a page', async () => {
      const described = await target().call('GET /openapi.json');
      expect(described).toMatchObject({ status: 200, body: { openapi: expect.stringMatching(/^3\.1/) } });
      const page = await target().call('GET /docs');
      expect(page).toMatchObject({
        status: 200,
        headers: { 'content-type': 'text/html; charset=utf-8' },
        body: expect.stringContaining('SwaggerUIBundle'),
      });
    });

    it('walk a list by cursor, with an exact total on every page', async () => {
      const made: string[] = [];
      for (const name of ['one', 'two', 'three'])
        made.push((await ask('POST /client-channel', { name })).body.data._id);
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await ask(`GET /client-channel?per_page=2${cursor ? `&cursor=${cursor}` : ''}`);
        expect(page).toMatchObject({ status: 200, body: { pagination: { total: 3 } } });
        seen.push(...page.body.data.map(({ _id }: { _id: string }) => _id));
        cursor = page.body.pagination.next_cursor;
      } while (cursor);
      expect(seen).toEqual(made);
      for (const id of made) await ask(`DELETE /client-channel/${id}`);
    });

    it('create once what is sent twice under one Idempotency-Key', async () => {
      const headers = { 'idempotency-key': `${namespace}-once` };
      const first = await ask('POST /client-channel', { name: 'once' }, headers);
      const again = await ask('POST /client-channel', { name: 'once' }, headers);
      expect(again).toMatchObject({ status: 201, headers: { 'idempotency-replayed': 'true' } });
      expect(again.body).toEqual(first.body);
      const other = await ask('POST /client-channel', { name: 'other' }, headers);
      expect(other).toMatchObject({ status: 422, body: errorBody('idempotency_key_reused') });
      await ask(`DELETE /client-channel/${first.body.data._id}`);
    });

    it('refuse what is wrong, each with its code and the id of the request', async () => {
      const asReader = await target().call('POST /client-channel', { key: reader, body: { name: 'x' } });
      expect(asReader).toMatchObject({ status: 403, body: errorBody('forbidden') });
      const nobody = await target().call('GET /client-channel');
      expect(nobody).toMatchObject({ status: 401, body: errorBody('unauthenticated') });
      for (const [route, body, headers, status, code] of [
        ['POST /client-channel', { nam: 'x' }, {}, 400, 'invalid_request'],
        ['POST /client-channel', '{"name":', {}, 400, 'invalid_json'],
        ['POST /client-channel', 'x', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
        ['GET /client-channel?serch=x', undefined, {}, 400, 'invalid_request'],
        ['GET /client-channel?cursor=x', undefined, {}, 400, 'invalid_cursor'],
        ['GET /client-channel/nothing', undefined, {}, 404, 'not_found'],
        ['PUT /client-channel/6b05493c017b3b5072f060e2', { name: 'x' }, {}, 404, 'not_found'],
      ] as const) {
        const reply = await ask(route, body, { ...headers, 'x-request-id': `wrong-${code}` });
        expect(reply).toMatchObject({ status, headers: { 'x-request-id': `wrong-${code}` } });
        expect(reply.body).toMatchObject({ success: false, code, request_id: `wrong-${code}` });
      }
    });
  });
};
