import { acceptsGzip } from '../lib/http/compression.ts';
import { publicEndpoint } from '../lib/http/public-endpoint.ts';
import { refuseParameters } from '../lib/http/request-parameters.ts';
import { docsPage } from '../lib/openapi/docs-page.ts';

/**
 * The page, as seen from the root of the API. It is relative, so that it also leads to the page behind a path prefix or in a
 * named stage. The root of a stage can lack the slash at its end: `/stage` is then the last segment.
 */
const pageFromRoot = (rawPath: string) => {
  const lastSegment = rawPath.slice(rawPath.lastIndexOf('/') + 1);
  return lastSegment ? `${lastSegment}/docs` : 'docs';
};

export const handler = publicEndpoint((event) => {
  const { headers, rawPath, routeKey } = event;
  // Links to a start page often carry a query for statistics.
  if (routeKey === 'GET /') return { statusCode: 302, headers: { Location: pageFromRoot(rawPath) } };
  refuseParameters(event);
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
