import { publicEndpoint } from '../lib/http/public-endpoint.ts';
import { docsPage } from '../lib/openapi/docs-page.ts';

const takesGzip = (accepted = '') => /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(accepted);

export const handler = publicEndpoint(({ headers }) => {
  const { html, gzipped, policy } = docsPage();
  const zipped = takesGzip(headers['accept-encoding']);
  return {
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': policy,
      'Referrer-Policy': 'no-referrer',
      Vary: 'Accept-Encoding',
      ...(zipped && { 'Content-Encoding': 'gzip' }),
    },
    body: zipped ? gzipped : html,
    isBase64Encoded: zipped,
  };
});
