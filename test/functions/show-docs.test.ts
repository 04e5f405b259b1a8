import { expect, test } from '@jest/globals';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { handler } from '../../functions/show-docs.ts';

const rootEvent = (rawPath: string) =>
  ({ routeKey: 'GET /', rawPath, rawQueryString: '', headers: {} }) as APIGatewayProxyEventV2;

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
