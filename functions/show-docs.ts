import { acceptsGzip } from '../lib/http/compression.ts';
import { publicEndpoint } from '../lib/http/public-endpoint.ts';
import { docsPage } from '../lib/openapi/docs-page.ts';

export const handler = publicEndpoint(({ headers }) => {
  const { html, gzipped, policy } = docsPage();
  const zipped = acceptsGzip(headers['accept-encoding']);
  return {
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': policy,
      'Referrer-Policy': 'no-referrer',
      ...(zipped && { 'Content-Encoding': 'gzip' }),
    },
    body: zipped ? gzipped : html,
    isBase64Encoded: zipped,
  };
});
