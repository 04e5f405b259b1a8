import { expect, test } from '@jest/globals';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { handler } from '../../functions/show-docs.ts';

const rootEvent = (rawPath: string, rawQueryString = '') =>
  ({ routeKey: 'GET /', rawPath, rawQueryString, headers: {} }) as APIGatewayProxyEventV2;

test.each([
  { root: 'https://api.example.com/', rawPath: '/', page: 'https://api.example.com/docs' },
  {
    root: 'https://example.com/channels/ behind a proxy that removes the prefix',
    rawPath: '/',
    page: 'https://example.com/channels/docs',
  },
  { root: 'https://api.example.com/v1/', rawPath: '/v1/', page: 'https://api.example.com/v1/docs' },
  { root: 'https://api.example.com/v1', rawPath: '/v1', page: 'https://api.example.com/v1/docs' },
])('$root leads to $page', async ({ root, rawPath, page }) => {
  const { statusCode, headers, body } = await handler(rootEvent(rawPath), { awsRequestId: 'r' } as Context);

  const [address] = root.split(' ');
  expect([statusCode, new URL(String(headers?.Location), address).href, body]).toEqual([
    302,
    page,
    undefined,
  ]);
});

test('the root leads to the page whatever its query is, because links often carry one', async () => {
  const context = { awsRequestId: 'r' } as Context;
  const plain = await handler(rootEvent('/'), context);
  expect(await handler(rootEvent('/', 'utm_source=mail&a='), context)).toEqual(plain);
});

test('the page itself takes no query parameters', async () => {
  const event = { ...rootEvent('/docs', 'a=1'), routeKey: 'GET /docs' };
  expect((await handler(event, { awsRequestId: 'r' } as Context)).statusCode).toBe(400);
});
